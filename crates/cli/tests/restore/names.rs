//! The program as `pg_dump` and `pg_restore`, called by these names.

use std::os::unix::fs::symlink;
use std::process::Command;

use pgdumprs_testkit::{Major, Server};

use crate::support::{pgdumprs, run};

#[test]
fn a_link_is_the_program_that_it_is_named_for() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE list (a text); INSERT INTO list VALUES ('x')");
    let folder = tempfile::tempdir().unwrap();
    let named = |name: &str, arguments: &[&str]| {
        let link = folder.path().join(name);
        if !link.exists() {
            symlink(pgdumprs().get_program(), &link).unwrap();
        }
        let output = run(Command::new(link)
            .args(arguments)
            .env("PGPASSFILE", "/dev/null/none")
            .current_dir(folder.path()));
        let said = String::from_utf8(output.stderr).unwrap();
        (
            output.status.code(),
            String::from_utf8_lossy(&output.stdout).into_owned(),
            said,
        )
    };
    for name in ["pg_dump", "pg_restore"] {
        let (status, printed, _) = named(name, &["--version"]);
        assert_eq!(status, Some(0));
        assert!(
            printed.starts_with(&format!("{name} (PostgreSQL) 19.0 (pgdumprs ")),
            "{printed}"
        );
        let (status, printed, _) = named(name, &["--help"]);
        assert_eq!(status, Some(0));
        assert!(
            printed.contains(&format!("Usage: {name} [OPTION]...")),
            "{printed}"
        );
        let (status, _, said) = named(name, &["--nonsense"]);
        assert_eq!(status, Some(1));
        assert!(said.starts_with(&format!("{name}: error: ")), "{said}");
        assert!(said.contains(&format!("(try \"{name} --help\")")), "{said}");
    }
    // Plain SQL is pg_dump's default, also on standard output.
    let dbname = format!("--dbname={}", database.conninfo());
    let (status, printed, said) = named("pg_dump", &[&dbname]);
    assert!(status == Some(0) && said.is_empty(), "{said}");
    assert!(
        printed.contains("COPY public.list (a) FROM stdin;\nx\n\\.\n"),
        "{printed}"
    );
    assert!(
        printed.contains("-- PostgreSQL database dump complete"),
        "{printed}"
    );
    // There are no commands: the first argument is a database or a file, whatever it is called.
    let (status, _, said) = named("pg_restore", &["-l", "list"]);
    assert!(
        status == Some(1) && said.contains("could not open \"list\""),
        "{said}"
    );
    let (status, _, said) = named("pg_dump", &["-Fc", "-f", "list", &dbname]);
    assert!(status == Some(0) && said.is_empty(), "{said}");
    let (status, printed, _) = named("pg_restore", &["-l", "list"]);
    assert!(
        status == Some(0) && printed.contains("TABLE DATA public list"),
        "{printed}"
    );
    let (status, printed, _) = named("pg_restore", &["-f", "-", "list"]);
    assert!(
        status == Some(0) && printed.contains("CREATE TABLE public.list"),
        "{printed}"
    );
}
