//! Passwords that are asked for.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;

use pgdumprs_testkit::{Major, Server, reference_pg_restore};

use crate::support::{assert_says, failure, pgdumprs, run};
use crate::terminal::{on_a_terminal, without_a_terminal};

const PASSWORD: &str = "s3cret: ä'";

/// A server that asks for passwords through TCP, and a role that may read its one table.
fn server() -> &'static (Server, String) {
    static SERVER: OnceLock<(Server, String)> = OnceLock::new();
    SERVER.get_or_init(|| {
        let server = Server::builder(Major::V17)
            .access_rules("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
            .start()
            .unwrap();
        let quoted = PASSWORD.replace('\'', "''");
        let role = server.role(&format!("LOGIN SUPERUSER PASSWORD '{quoted}'"));
        (server, role)
    })
}

/// The command for a dump of the database `postgres` through TCP.
fn dump(archive: &Path, options: &[&str]) -> Command {
    let (server, role) = server();
    let mut command = pgdumprs();
    command
        .args(["-h", "127.0.0.1", "-p", &server.port().to_string()])
        .args(["-U", role, "-f"])
        .arg(archive)
        .args(options)
        .arg("postgres");
    command
}

#[test]
fn the_server_asks_and_so_does_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    // Once, however many connections need it.
    for options in [&["-j", "4"][..], &["-W"], &["-w", "-W"]] {
        let shown = on_a_terminal(&dump(&archive, options), &format!("{PASSWORD}\n"));
        assert_eq!(shown.status, Some(0), "{options:?}: {}", shown.text);
        let question = format!("Password for user {}: ", server().1);
        assert_eq!(shown.text.matches(&question).count(), 1, "{}", shown.text);
        assert!(
            run(reference_pg_restore().arg("-l").arg(&archive))
                .status
                .success()
        );
        fs::remove_file(&archive).unwrap();
    }
    // Nor however many databases.
    let all = folder.path().join("all");
    let shown = on_a_terminal(&dump(&all, &["--all"]), &format!("{PASSWORD}\n"));
    assert_eq!(shown.status, Some(0), "{}", shown.text);
    assert_eq!(
        shown.text.matches("Password for user").count(),
        1,
        "{}",
        shown.text
    );
    assert!(all.join("manifest.json").exists());
}

#[test]
fn a_wrong_answer_is_not_asked_for_again() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    for (answer, part) in [
        ("wrong\n", "28P01"),
        ("\n", "an empty one was entered"),
        // The end of the input.
        ("\u{4}", "nothing was entered"),
    ] {
        let shown = on_a_terminal(&dump(&archive, &[]), answer);
        assert_eq!(shown.status, Some(1), "{}", shown.text);
        assert_says(&shown.text, &["pgdumprs: error: ", part]);
        assert_eq!(
            shown.text.matches("Password for").count(),
            1,
            "{}",
            shown.text
        );
    }
    assert!(!archive.exists());
}

#[test]
fn asking_can_be_forbidden_and_may_be_impossible() {
    let archive = Path::new("/dev/null");
    let shown = on_a_terminal(&dump(archive, &["-W", "-w"]), "never typed");
    assert_eq!(shown.status, Some(1), "{}", shown.text);
    assert_says(&shown.text, &["PGPASSWORD", "~/.pgpass"]);
    assert!(!shown.text.contains("Password for"), "{}", shown.text);

    let said = failure(&mut without_a_terminal(&dump(archive, &[])));
    assert_says(&said, &["PGPASSWORD", "there is no terminal to ask on"]);
    let said = failure(&mut without_a_terminal(&dump(archive, &["-W"])));
    assert_says(
        &said,
        &["-W", "PGPASSWORD", "there is no terminal to ask on"],
    );
}

#[test]
fn breaking_off_leaves_the_terminal_as_it_was() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    for options in [&[][..], &["-W"]] {
        let dump = dump(&archive, options);
        let mut shell = Command::new("sh");
        shell
            .args([
                "-c",
                "trap : INT; \"$@\"; echo \"status $?\"; stty -a",
                "sh",
            ])
            .arg(dump.get_program())
            .args(dump.get_args());
        // Ctrl-C.
        let shown = on_a_terminal(&shell, "\u{3}");
        assert_says(&shown.text, &["SIGINT", "status 130", " echo ", " icanon "]);
    }
    assert!(!archive.exists());
}

#[test]
fn a_password_file_that_others_may_read_is_mentioned() {
    let folder = tempfile::tempdir().unwrap();
    let passwords = folder.path().join("passwords");
    fs::write(&passwords, "*:*:*:*:ignored\n").unwrap();
    let mut command = dump(&folder.path().join("db.dump"), &["-s"]);
    command.env("PGPASSFILE", &passwords);
    let shown = on_a_terminal(&command, &format!("{PASSWORD}\n"));
    assert_eq!(shown.status, Some(0), "{}", shown.text);
    assert_says(&shown.text, &["pgdumprs: warning: ", "chmod 600"]);
}
