//! The hint that follows an error.

use pgdumprs_testkit::{Major, Server};

use crate::support::{pgdumprs, run};

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
