//! Servers that go away, refuse, or change while they are dumped.

use std::path::Path;

use pgdumprs_testkit::{Database, Major, Server, for_each_major};

use crate::process::{Ended, Running, Session, send_signal};
use crate::support::{assert_says, failure, pgdumprs, run};
use crate::{Backups, SOON, Slow, assert_no_session, halfway, is_waited_in, lock, wait_until};

/// Dumps tables that take a minute to read, lets something happen to the server meanwhile, and waits for the dump's end.
fn dump_while(slow: &Slow, happens: impl FnOnce(Vec<String>)) -> Ended {
    let backups = Backups::new();
    let running = slow.start_dump(&backups);
    happens(slow.wait_until_read());
    let ended = running.end(SOON);
    backups.assert_untouched();
    ended
}

#[test]
fn one_connection_that_is_ended_ends_the_others() {
    for_each_major(|server| {
        let slow = Slow::new(server);
        let ended = dump_while(&slow, |processes| {
            let last = processes.last().unwrap();
            slow.database
                .psql(&format!("SELECT pg_terminate_backend({last})"));
        });
        ended.assert_failed(
            1,
            &[
                "could not copy the data of table public.slow_",
                "57P01",
                "dump again",
            ],
        );
        assert_no_session(&slow.database);
        Ok(())
    });
}

#[test]
fn a_query_that_is_cancelled_ends_the_dump() {
    let slow = Slow::new(&Server::get(Major::V17));
    let ended = dump_while(&slow, |processes| {
        slow.database
            .psql(&format!("SELECT pg_cancel_backend({})", processes[0]));
    });
    ended.assert_failed(
        1,
        &["could not copy the data of table public.slow_", "57014"],
    );
    assert_no_session(&slow.database);
}

/// The server ends all of its processes and starts again.
#[test]
fn a_process_that_crashes_ends_the_dump_and_the_next_one_succeeds() {
    let server = Server::builder(Major::V17).start().unwrap();
    let slow = Slow::new(&server);
    let mut ended = dump_while(&slow, |processes| send_signal("KILL", &processes[1..2]));
    // The other processes say so before they end. Whether that is heard before the loss of the one that was killed is a matter of time.
    let is_of_the_crash =
        |line: &&str| line.starts_with("pgdumprs: warning: ") && line.contains("(SQLSTATE 57P02)");
    let lines = ended.said.lines().skip_while(is_of_the_crash);
    ended.said = lines.map(|line| format!("{line}\n")).collect();
    ended.assert_failed(
        1,
        &["could not copy the data of table public.slow_", "lost"],
    );
    let file = Backups::new();
    wait_until("the server is there again", || {
        let dumped = run(pgdumprs()
            .args(["-s", "-d", &slow.database.url(), "-f"])
            .arg(file.file()));
        let said = String::from_utf8(dumped.stderr).unwrap();
        assert!(
            dumped.status.success() || said.contains("try again"),
            "{said}"
        );
        dumped.status.success()
    });
}

#[test]
fn a_server_that_is_shut_down_ends_the_dump() {
    let server = Server::builder(Major::V17).start().unwrap();
    let slow = Slow::new(&server);
    let ended = dump_while(&slow, |_| send_signal("INT", &[postmaster(&server)]));
    ended.assert_failed(1, &["57P01", "shut down", "dump again"]);
    let said = failure(pgdumprs().args(["-d", &slow.database.url()]));
    assert_says(&said, &["127.0.0.1"]);
}

#[test]
fn a_server_that_is_killed_ends_the_dump() {
    let server = Server::builder(Major::V17).start().unwrap();
    let slow = Slow::new(&server);
    let ended = dump_while(&slow, |_| {
        let postmaster = postmaster(&server);
        let mut processes = children(&postmaster);
        assert!(processes.len() > 3, "{processes:?}");
        // The one that would tell the others what happened to one of them is stopped first, so that none says a word.
        send_signal("STOP", std::slice::from_ref(&postmaster));
        processes.push(postmaster);
        send_signal("KILL", &processes);
    });
    ended.assert_failed(
        1,
        &["could not copy the data of table public.slow_", "lost"],
    );
}

/// How many connections a server has to a database, as the titles of its processes tell. Asking it would take one more, which it gets back
/// some time after the answer.
fn connections(slow: &Slow) -> usize {
    let titles = children(&postmaster(slow.database.server())).into_iter();
    // One that has just ended has none.
    let titles =
        titles.filter_map(|id| std::fs::read_to_string(format!("/proc/{id}/cmdline")).ok());
    titles
        .filter(|title| title.contains(slow.database.name()))
        .count()
}

fn postmaster(server: &Server) -> String {
    let file = std::fs::read_to_string(server.data_dir().join("postmaster.pid")).unwrap();
    file.lines().next().unwrap().trim().to_owned()
}

/// The processes that a process has started.
fn children(process: &str) -> Vec<String> {
    let all = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    all.filter(|id| {
        // What is no process has no such file, nor has one that has just ended.
        std::fs::read_to_string(Path::new("/proc").join(id).join("status")).is_ok_and(|status| {
            status
                .lines()
                .any(|line| line.split_whitespace().eq(["PPid:", process]))
        })
    })
    .collect()
}

fn sample(server: &Server) -> Database {
    let database = server.database();
    database
        .execute_sql("CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 1000) g");
    database
}

#[test]
fn a_server_without_a_free_connection_is_an_error_and_with_one_a_warning() {
    let server = Server::builder(Major::V17)
        .setting("max_connections", "4")
        .setting("superuser_reserved_connections", "0")
        .setting("max_wal_senders", "0")
        .start()
        .unwrap();
    let slow = Slow::new(&server);
    wait_until("no connection is in use", || connections(&slow) == 0);
    let sessions: Vec<Session> = (0..3).map(|_| Session::open(&slow.database)).collect();
    wait_until("one connection is left", || connections(&slow) == 3);
    let backups = Backups::new();
    let mut running = slow.start_dump(&backups);
    assert_says(
        &running.says(),
        &["pgdumprs: warning: ", "fewer connections", "53300"],
    );
    // Now that one is used too.
    let said = failure(pgdumprs().args(slow.arguments()));
    assert_says(&said, &["53300", "too many", "max_connections"]);
    assert!(running.is_running(), "fewer connections are no error");
    running.signal("TERM");
    running.end(SOON).assert_failed(143, &["SIGTERM"]);
    backups.assert_untouched();
    drop(sessions);
    assert_no_session(&slow.database);
}

#[test]
fn a_role_that_may_not_connect_any_more_is_an_error() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let role = server.role("LOGIN CONNECTION LIMIT 0");
    let backups = Backups::new();
    let url = database.url().replace("postgres@", &format!("{role}@"));
    let said = failure(pgdumprs().args(["-d", &url, "-f"]).arg(backups.file()));
    assert_says(&said, &["53300", &role, "the role's limit"]);
    backups.assert_untouched();
}

#[test]
fn a_table_dropped_before_it_is_locked_is_not_dumped() {
    for_each_major(|server| {
        let database = sample(server);
        let other = lock(&database, "t", "DROP TABLE t");
        let backups = Backups::new();
        let running = Running::start(
            pgdumprs()
                .args(["-v", "-d", &database.url(), "-f"])
                .arg(backups.file()),
        );
        wait_until("it waits for the lock", || is_waited_in(&database));
        other.say("COMMIT;");
        let ended = running.end(SOON);
        assert!(ended.status.success(), "{}", ended.said);
        assert_says(&ended.said, &["try 2 begins", "42P01"]);
        drop(other);
        assert_no_session(&database);
        Ok(())
    });
}

#[test]
fn a_table_that_somebody_has_for_himself_is_an_error_after_the_time_given() {
    let database = sample(&Server::get(Major::V17));
    let _holder = lock(&database, "t", "LOCK TABLE t");
    let backups = Backups::new();
    let said = failure(
        pgdumprs()
            .args(["--lock-wait-timeout=200", "-d", &database.url(), "-f"])
            .arg(backups.file()),
    );
    assert_says(&said, &["could not lock the tables", "57014"]);
    backups.assert_untouched();
    wait_until("it waits no more", || !is_waited_in(&database));
}

#[test]
fn a_table_that_is_to_be_dropped_while_it_is_read_waits() {
    let (database, mut running) = halfway(&["-j4", "--memory=16"]);
    let other = Session::open(&database);
    other.say("DROP TABLE t;");
    wait_until("the drop waits", || is_waited_in(&database));
    running.read_to_end();
    let ended = running.end(SOON);
    assert!(ended.status.success(), "{}", ended.said);
    wait_until("the table is dropped", || {
        database.psql("SELECT to_regclass('t')").is_empty()
    });
}
