//! Threads that the system does not give.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

use pgdumprs_testkit::{Major, Server};

use crate::support::{assert_says, pgdumprs, run};

/// Stacks that are so large, in an address space of this size, that there is room for the threads every dump needs and not for those of
/// fifteen other connections.
const STACK: u64 = 1 << 30;
const ADDRESS_SPACE: u64 = 12 << 30;

#[test]
fn a_connection_whose_thread_cannot_start_is_done_without() {
    let database = Server::get(Major::V17).database();
    // No two of them are read together, and they are more than may wait in memory: while nobody reads the output, all connections are
    // at work.
    database.execute_sql(
        "SELECT format('CREATE TABLE t%s AS SELECT repeat(''x'', 1000) FROM generate_series(1, 2300)', n)
         FROM generate_series(1, 40) n \\gexec",
    );
    // Ends what would wait for ever if all threads did start.
    let mut command = Command::new("timeout");
    command
        .args(["120", "prlimit", &format!("--as={ADDRESS_SPACE}")])
        .arg(pgdumprs().get_program())
        .args(["-j16", "--memory=32", "-Znone", "-d", &database.url()])
        .env("RUST_MIN_STACK", STACK.to_string())
        .env("TOKIO_WORKER_THREADS", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut messages = BufReader::new(child.stderr.take().unwrap());
    let (mut warning, mut rest, mut archive) = (String::new(), String::new(), Vec::new());
    messages.read_line(&mut warning).unwrap();
    assert_says(
        &warning,
        &["warning: ", "fewer connections", "could not start a thread"],
    );
    let mut output = child.stdout.take().unwrap();
    output.read_to_end(&mut archive).unwrap();
    messages.read_to_string(&mut rest).unwrap();
    assert!(child.wait().unwrap().success(), "{rest}");
    assert_eq!(rest, "", "it is said once");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a.dump");
    std::fs::write(&file, archive).unwrap();
    let verified = run(pgdumprs().arg("verify").arg(&file));
    assert_says(
        &String::from_utf8(verified.stdout).unwrap(),
        &["40, with 92,000 rows", "is sound"],
    );
}
