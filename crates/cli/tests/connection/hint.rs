//! The hint that follows an error.

use pgdumprs_testkit::{Major, Server};

use crate::support::{assert_says, failure, pgdumprs, run};

#[test]
fn a_hint_has_a_line_of_its_own() {
    let server = Server::get(Major::REFERENCE);
    let pooler = server.pooler().setting("pool_mode", "statement");
    let pooler = pooler.start().unwrap();
    let output = run(pgdumprs().args(["-d", &pooler.conninfo("postgres")]));
    let said = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = said.lines().collect();
    assert!(
        matches!(lines[..], [error, hint] if error.starts_with("pgdumprs: error: ")
            && hint.starts_with("pgdumprs: hint: the pooler is in statement mode")),
        "{said}"
    );
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.is_empty());
}

#[test]
fn a_poolers_host_name_gets_one() {
    let server = Server::get(Major::REFERENCE);
    let pooler = server.pooler().start().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let conninfo = format!(
        "host=ep-one-pooler.eu.aws.neon.tech hostaddr=127.0.0.1 port={} user=postgres dbname=postgres sslmode=disable",
        pooler.port()
    );
    let dump = || {
        let mut command = pgdumprs();
        command.args(["-s", "-d", &conninfo, "-f"]);
        command.arg(folder.path().join("a.dump"));
        command
    };
    let output = run(dump().arg("-v"));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    let hint = said.lines().find(|line| line.contains("hint: ")).unwrap();
    assert_says(hint, &["is a pooler", "\"ep-one.eu.aws.neon.tech\""]);
    // Nothing is wrong, and nobody watches.
    for silent in [&mut dump(), dump().arg("-q")] {
        let output = run(silent);
        assert!(output.status.success() && output.stderr.is_empty());
    }

    // Nobody listens on port 1; the address is given since the name has none.
    let conninfo = "host=ep-one-pooler.eu.aws.neon.tech hostaddr=127.0.0.1 port=1 user=ada";
    let said = failure(pgdumprs().args(["-d", conninfo]));
    let hints: Vec<_> = said.lines().skip(1).collect();
    assert_eq!(hints.len(), 1, "{said}");
    assert_says(hints[0], &["is a pooler", "\"ep-one.eu.aws.neon.tech\""]);
}
