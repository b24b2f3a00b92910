//! Signals end the command within two seconds, whatever it is at, and cancel what the server is at.

use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Duration;

use pgdumprs_testkit::{Fault, Major, Server, SlowLink, for_each_major};

use crate::process::Running;
use crate::support::pgdumprs;
use crate::{Backups, Slow, assert_no_session, halfway, is_waited_in, lock, wait_until};

/// The time that is promised.
const LIMIT: Duration = Duration::from_secs(2);

/// The signals, and the exit status that each makes.
const SIGNALS: [(&str, i32); 4] = [("HUP", 129), ("INT", 130), ("QUIT", 131), ("TERM", 143)];

/// Signals the command and checks how it ends.
fn signal(running: Running, backups: &Backups, (name, status): (&str, i32)) {
    running.signal(name);
    let ended = running.end(LIMIT);
    ended.assert_failed(
        status,
        &[&format!("SIG{name}"), "before the archive was complete"],
    );
    backups.assert_untouched();
}

#[test]
fn while_it_waits_for_a_lock() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql("CREATE TABLE wanted (id integer)");
        let _holder = lock(&database, "wanted", "LOCK TABLE wanted");
        for each in SIGNALS {
            let backups = Backups::new();
            // Whoever runs the tests may ignore SIGHUP, and the command would go on doing so.
            let mut heeding = Command::new("env");
            heeding
                .arg("--default-signal=HUP")
                .arg(pgdumprs().get_program())
                .args(["-d", &database.url(), "-f"])
                .arg(backups.file());
            let running = Running::start(&mut heeding);
            wait_until("it waits", || is_waited_in(&database));
            signal(running, &backups, each);
            // Nobody who wants the table after it has to wait for it.
            wait_until("it waits no more", || !is_waited_in(&database));
        }
        Ok(())
    });
}

/// Either server is left alone as well.
#[test]
fn while_a_clone_waits_for_a_server() {
    let server = Server::get(Major::REFERENCE);
    let (source, target) = (server.database(), server.database());
    source.execute_sql("CREATE TABLE item AS SELECT 1 AS id; CREATE TABLE held (id int)");
    target.execute_sql(
        "CREATE TABLE item (id int); CREATE TABLE held (id int);
         CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM count(*) FROM public.held; RETURN new; END';
         CREATE TRIGGER wait BEFORE INSERT ON item FOR EACH ROW EXECUTE FUNCTION wait()",
    );
    for waited_for in [&source, &target] {
        let _holder = lock(waited_for, "held", "LOCK TABLE held");
        let mut clone = pgdumprs();
        clone.args(["clone", &source.conninfo(), &target.conninfo(), "-a", "-q"]);
        let running = Running::start(&mut clone);
        wait_until("it waits", || is_waited_in(waited_for));
        running.signal("INT");
        running.end(LIMIT).assert_failed(130, &["SIGINT"]);
        wait_until("it waits no more", || !is_waited_in(waited_for));
    }
    assert_eq!(target.psql("SELECT count(*) FROM item"), "0");
}

#[test]
fn while_many_connections_copy() {
    for_each_major(|server| {
        let slow = Slow::new(server);
        for each in [("INT", 130), ("TERM", 143)] {
            let backups = Backups::new();
            let running = slow.start_dump(&backups);
            slow.wait_until_read();
            signal(running, &backups, each);
            assert_no_session(&slow.database);
        }
        Ok(())
    });
}

#[test]
fn while_its_reader_does_not_read() {
    let (database, running) = halfway(&["-j2"]);
    // It fills the pipe now, and then its own buffers.
    std::thread::sleep(Duration::from_millis(300));
    signal(running, &Backups::new(), ("TERM", 143));
    assert_no_session(&database);
}

#[test]
fn while_a_server_does_not_answer() {
    // It takes connections and says nothing.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let backups = Backups::new();
    let url = format!("postgresql://postgres@127.0.0.1:{port}/postgres");
    let running = Running::start(pgdumprs().args(["-d", &url, "-f"]).arg(backups.file()));
    let _silent = listener.accept().unwrap();
    signal(running, &backups, ("INT", 130));
}

#[test]
fn while_the_network_is_silent() {
    let server = Server::get(Major::V17);
    let database = server.database();
    database
        .execute_sql("CREATE TABLE t AS SELECT g, md5(g::text) FROM generate_series(1, 100000) g");
    for jobs in ["-j1", "-j4"] {
        let link = SlowLink::open(&server, Duration::ZERO).unwrap();
        link.fail_after(2_000_000, Fault::Silence);
        let backups = Backups::new();
        let running = Running::start(
            pgdumprs()
                .args([jobs, "-d", &link.conninfo(database.name()), "-f"])
                .arg(backups.file()),
        );
        wait_until("the network is silent", || link.has_failed());
        signal(running, &backups, ("TERM", 143));
        // The server hears of it when the network is there again.
        drop(link);
        assert_no_session(&database);
    }
}

#[test]
fn a_hangup_that_is_ignored_stays_so() {
    let database = Server::get(Major::V17).database();
    database.execute_sql("CREATE TABLE wanted (id integer)");
    let holder = lock(&database, "wanted", "LOCK TABLE wanted");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("db.dump");
    let mut nohup = Command::new("nohup");
    let command = pgdumprs();
    nohup
        .arg(command.get_program())
        .args(["-d", &database.url(), "-f"])
        .arg(&file);
    let mut running = Running::start(nohup.stdin(Stdio::null()).stdout(Stdio::null()));
    wait_until("it waits", || is_waited_in(&database));
    running.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(running.is_running());
    drop(holder);
    let ended = running.end(crate::SOON);
    assert!(ended.status.success(), "{}", ended.said);
    assert!(file.exists());
}
