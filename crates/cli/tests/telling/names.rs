//! Names that hold letters which end lines or move a terminal's cursor.

use std::process::Command;

use pgdumprs_testkit::{Database, Major, Server};

use crate::support::{assert_says, failure, pgdumprs, run};
use crate::terminal::on_a_terminal;

/// A database whose tables are called so that a terminal would go red, ring, and be cleared.
fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(
        "CREATE TABLE U&\"red\\001b[31m\\000d\\000abell\\0007\" AS SELECT 1 AS a;
         CREATE TABLE U&\"clear\\009b2J\\202ecod\" AS SELECT 1 AS a",
    );
    database
}

/// Checks that nothing in a text does anything to a terminal but end its lines.
fn assert_harmless(text: &str) {
    let harmful = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
    assert!(!text.contains(harmful), "{text:?}");
}

#[test]
fn messages_are_lines_that_move_nothing() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    let said = |command: &mut Command| {
        let output = run(command);
        assert!(output.status.success(), "{output:?}");
        let said = String::from_utf8([output.stderr, output.stdout].concat()).unwrap();
        assert_harmless(&said);
        said
    };

    let verbose = said(
        pgdumprs()
            .args(["-v", "-d", &database.url(), "-f"])
            .arg(&archive),
    );
    assert!(
        verbose.lines().all(|line| line.starts_with("pgdumprs: ")),
        "{verbose:?}"
    );
    let red = r#"table public."red\u{1b}[31m\r\nbell\u{7}""#;
    let clear = r#"table public."clear\u{9b}2J\u{202e}cod""#;
    assert_says(&verbose, &[red, clear]);
    let sizes = said(pgdumprs().args(["list", "--sizes"]).arg(&archive));
    assert_says(&sizes, &[r"public red\u{1b}[31m  bell\u{7} "]);

    let role = server.role("");
    let error = failure(pgdumprs().args(["-d", &database.url(), &format!("--role={role}")]));
    assert_says(&error, &[red, clear]);
    assert_harmless(&error);
    let error = failure(pgdumprs().args(["-d", &database.url(), "-t", "a\nb\x1bc"]));
    assert_harmless(&error);
    let error = failure(pgdumprs().args(["list", "no\x1b[2J\nsuch"]));
    assert_says(&error, &[r#""no\u{1b}[2J\nsuch""#]);
}

/// What goes to a file or a program is `pg_restore`'s, byte by byte; what goes to a terminal must not play tricks on it.
#[test]
fn a_list_on_a_terminal_is_harmless() {
    let database = sample(&Server::get(Major::V17));
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a.dump");
    let status = pgdumprs()
        .args(["-d", &database.url(), "-f"])
        .arg(&archive)
        .status();
    assert!(status.unwrap().success());
    let mut list = pgdumprs();
    list.args(["list", "-v"]).arg(&archive);
    let shown = on_a_terminal(&list, "").text.replace("\r\n", "\n");
    assert_harmless(&shown.replace('\t', ""));
    assert_says(
        &shown,
        &[
            r"TABLE DATA public clear\u{9b}2J\u{202e}cod postgres",
            ";\tdepends on:",
        ],
    );
    let piped = run(&mut list).stdout;
    assert!(
        String::from_utf8(piped)
            .unwrap()
            .contains("red\x1b[31m  bell\x07")
    );
}
