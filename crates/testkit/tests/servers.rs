//! Servers of every covered major start, serve databases, and stop with their process.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use pgdumprs_testkit::provision::provision;
use pgdumprs_testkit::{
    DatabaseOptions, Major, Server, checked_output, for_each_major, restoring_major, tool,
};

#[test]
fn every_major_serves_a_database_of_its_own_version() {
    for_each_major(|server| {
        let database = server.database();
        let version = database.psql("SHOW server_version");
        assert!(
            version.starts_with(&server.major().to_string()),
            "{version}"
        );
        assert_eq!(database.psql("SHOW server_encoding"), "UTF8");
        assert_eq!(
            database.psql("SELECT datcollate FROM pg_database WHERE datname = current_database()"),
            "C"
        );
        Ok(())
    });
}

#[test]
fn extensions_and_procedural_language_load() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(
            "DO $$ BEGIN RAISE NOTICE 'runs'; END $$;\n\
             CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm;\n\
             CREATE EXTENSION btree_gist; CREATE EXTENSION \"uuid-ossp\"; CREATE EXTENSION pgcrypto;",
        );
        assert_eq!(database.psql("SELECT 'a=>1'::hstore -> 'a'"), "1");
        assert_eq!(
            database.psql("SELECT length(uuid_generate_v4()::text)"),
            "36"
        );
        assert_eq!(
            database.psql("SELECT '2024-07-01 12:00 Europe/Madrid'::timestamptz"),
            "2024-07-01 10:00:00+00"
        );
        Ok(())
    });
}

#[test]
fn databases_take_an_encoding_and_are_dropped() {
    let server = Server::get(Major::REFERENCE);
    let options = DatabaseOptions {
        encoding: "LATIN1".to_owned(),
        ..DatabaseOptions::default()
    };
    let database = server.database_with(&options);
    assert_eq!(database.psql("SHOW server_encoding"), "LATIN1");
    let left = server.database();
    let count = format!(
        "SELECT count(*) FROM pg_database WHERE datname = '{}'",
        database.name()
    );
    assert_eq!(left.psql(&count), "1");
    drop(database);
    assert_eq!(left.psql(&count), "0");
}

#[test]
fn a_failing_script_is_reported_with_the_servers_message() {
    let database = Server::get(Major::REFERENCE).database();
    let error = database
        .try_execute_sql("SELECT 1;\nSELECT no_such_column;")
        .unwrap_err();
    assert!(
        error.to_string().contains("no_such_column"),
        "the message was: {error}"
    );
}

#[test]
fn stock_tools_dump_and_restore() {
    for_each_major(|server| {
        let source = server.database();
        source.execute_sql("CREATE TABLE item (id int); INSERT INTO item VALUES (7)");
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("archive");
        let major = restoring_major(server.major());
        checked_output(
            tool(major, "pg_dump")
                .args(["-Fc", "-f"])
                .arg(&archive)
                .args(["-d", &source.conninfo()]),
        )?;
        let target = server.database();
        checked_output(
            tool(major, "pg_restore")
                .args(["--exit-on-error", "-d", &target.url()])
                .arg(&archive),
        )?;
        assert_eq!(target.psql("SELECT id FROM item"), "7");
        Ok(())
    });
}

#[test]
fn settings_and_access_rules_reach_a_server_of_ones_own() {
    let server = Server::builder(Major::REFERENCE)
        .setting("work_mem", "5MB")
        .access_rules("host all all 127.0.0.1/32 scram-sha-256")
        .start()
        .unwrap();
    let role = server.role("LOGIN PASSWORD 'open sesame'");
    let database = server.database();
    assert_eq!(database.psql("SHOW work_mem"), "5MB");
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-w", "-X", "-A", "-t", "-c", "SELECT current_user"])
        .args(["-h", "127.0.0.1", "-p", &server.port().to_string()])
        .args(["-U", &role, "-d", database.name()]);
    assert!(
        checked_output(&mut psql).is_err(),
        "no password was asked for"
    );
    let output = checked_output(psql.env("PGPASSWORD", "open sesame")).unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout).trim(), role);
}

#[test]
fn a_standby_shows_what_its_primary_has_committed_and_takes_no_writes() {
    for_each_major(|primary| {
        let before = primary.database();
        before.execute_sql("CREATE TABLE t AS SELECT 1 AS a");
        let standby = primary.standby().setting("work_mem", "5MB").start()?;
        before.execute_sql("INSERT INTO t VALUES (2)");
        let after = primary.database();
        standby.catch_up_with(primary)?;
        let ask = |database: &str, sql: &str| {
            let mut psql = tool(Major::REFERENCE, "psql");
            psql.args(["-XAt", "-d", &standby.conninfo(database), "-c", sql]);
            let said = checked_output(&mut psql)?.stdout;
            anyhow::Ok(String::from_utf8_lossy(&said).trim().to_owned())
        };
        assert_eq!(ask(before.name(), "SELECT sum(a) FROM t")?, "3");
        let state = "SELECT pg_is_in_recovery(), current_setting('work_mem')";
        assert_eq!(ask(after.name(), state)?, "t|5MB");
        assert!(ask(before.name(), "INSERT INTO t VALUES (3)").is_err());
        Ok(())
    });
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let error = Server::builder(Major::REFERENCE)
        .setting("shared_buffers", "a lot")
        .start()
        .unwrap_err();
    assert!(format!("{error:#}").contains("shared_buffers"), "{error:#}");
}

#[test]
fn a_dropped_server_is_gone() {
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let folder = server.socket_dir().to_owned();
    let port = server.port();
    assert!(folder.exists());
    drop(server);
    assert!(!folder.exists(), "{} is still there", folder.display());
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_err());
}

/// Says what the child process of the next test shall do; unset in an ordinary run.
const CHILD_VARIABLE: &str = "PGDUMPRS_TESTKIT_KILLED_CHILD";

#[test]
fn a_killed_process_leaves_no_server() {
    if let Some(answer) = std::env::var_os(CHILD_VARIABLE) {
        let server = Server::get(Major::REFERENCE);
        std::fs::write(answer, server.socket_dir().to_str().unwrap()).unwrap();
        // Only the kill ends this.
        thread::sleep(Duration::from_secs(600));
        return;
    }
    // Whatever must be fetched is fetched before time counts.
    provision(Major::REFERENCE).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let answer = scratch.path().join("answer");
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_killed_process_leaves_no_server"])
        .env(CHILD_VARIABLE, &answer)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    wait_until("the child has a server", || {
        std::fs::read_to_string(&answer).is_ok_and(|text| !text.is_empty())
    });
    let folder = std::fs::read_to_string(&answer).unwrap();
    assert!(Path::new(&folder).join("data/postmaster.pid").exists());
    let postmaster = std::fs::read_to_string(Path::new(&folder).join("data/postmaster.pid"))
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until("the server's folder is gone", || {
        !Path::new(&folder).exists()
    });
    assert!(!Path::new("/proc").join(postmaster).exists());
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(60);
    while !condition() {
        assert!(Instant::now() < limit, "waited in vain until {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_pooler_carries_transactions_over_few_connections() {
    let server = Server::get(Major::REFERENCE);
    let pooler = server
        .pooler()
        .setting("default_pool_size", "1")
        .start()
        .unwrap();
    let database = server.database();
    let ask = || {
        let mut psql = tool(Major::REFERENCE, "psql");
        psql.args(["-XAt", "-d", &pooler.conninfo(database.name())]);
        psql.args(["-c", "SELECT pg_backend_pid()"]);
        checked_output(&mut psql).unwrap().stdout
    };
    assert_eq!(ask(), ask());
}

/// On the same files and port, though it had no time to end in order.
#[test]
fn a_server_starts_again() {
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let database = server.database();
    database.execute_sql("CREATE TABLE t AS SELECT 1 AS id; CHECKPOINT");
    for signal in ["QUIT", "INT"] {
        server.restart(signal).unwrap();
        assert_eq!(database.psql("SELECT id FROM t"), "1");
    }
    let folder = server.socket_dir().to_owned();
    drop((database, server));
    assert!(!folder.exists());
}
