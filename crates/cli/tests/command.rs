//! The command as users call it: what it writes, what it says, how it ends.

mod support;

use std::path::Path;
use std::process::Command;

use pgdumprs_testkit::compare::compare_with_stock;
use pgdumprs_testkit::{Database, Major, Server, reference_pg_restore};
use support::{assert_says, failure, pgdumprs, run};

/// What a first argument can ask for.
const COMMANDS: [&str; 4] = ["dump", "list", "verify", "cat"];

fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(
        "CREATE TABLE item (id int PRIMARY KEY, name text);
         INSERT INTO item SELECT n, 'item ' || n FROM generate_series(1, 1000) n;",
    );
    database
}

fn lists_item(archive: &Path) {
    let list = run(reference_pg_restore().arg("-l").arg(archive));
    assert!(list.status.success());
    assert_says(
        &String::from_utf8_lossy(&list.stdout),
        &["TABLE public item", "TABLE DATA public item"],
    );
}

#[test]
fn the_guides_command_works_and_says_what_it_does() {
    let database = sample(&Server::get(Major::V17));
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let output = run(pgdumprs()
        .args(["-Fc", "-v", "-d", &database.url(), "-f"])
        .arg(&archive));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_says(
        &said,
        &["connected to PostgreSQL 17", "public.item", "1000 rows"],
    );
    compare_with_stock(&database, &archive, &[])
        .unwrap()
        .assert_same();
    // Nothing is left beside it.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn without_a_file_the_archive_goes_to_standard_output() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let port = server.port().to_string();
    let output = run(pgdumprs()
        .args([
            "-h",
            "127.0.0.1",
            "-p",
            &port,
            "-U",
            "postgres",
            "-w",
            database.name(),
        ])
        .stdout(std::fs::File::create(&archive).unwrap()));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(output.stderr.is_empty(), "silent without -v");
    lists_item(&archive);
}

#[test]
fn a_first_argument_may_be_a_command() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let output = run(pgdumprs()
        .args(["dump", "-s", "-d", &database.url(), "-f"])
        .arg(&archive));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    // Anywhere else the same word is a database, and none has this name.
    let said_of = |arguments: &[&str]| {
        failure(
            pgdumprs()
                .args(arguments)
                .env("PGHOST", server.socket_dir())
                .env("PGPORT", server.port().to_string())
                .env("PGUSER", "postgres")
                .env("PGDATABASE", "another"),
        )
    };
    for arguments in [
        &["-d", "dump"][..],
        &["-Fc", "dump"],
        &["--", "dump"],
        &["dump", "dump"],
    ] {
        assert_says(&said_of(arguments), &["\"dump\" does not exist"]);
    }
    assert_says(&said_of(&["dump"]), &["\"another\" does not exist"]);
    assert_says(&said_of(&["dumps"]), &["\"dumps\" does not exist"]);
    assert_says(
        &said_of(&["dump", "--no-such-option"]),
        &["--no-such-option", "pgdumprs dump --help"],
    );
}

#[test]
fn the_environment_says_where_to_connect() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let output = run(pgdumprs()
        .env("PGHOST", server.socket_dir())
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", "postgres")
        .env("PGDATABASE", database.name())
        .arg("-f")
        .arg(&archive));
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    lists_item(&archive);
}

#[test]
fn every_compression_restores() {
    let database = sample(&Server::get(Major::V17));
    let folder = tempfile::tempdir().unwrap();
    for method in ["none", "0", "gzip:9", "1", "lz4", "zstd", "zstd:19"] {
        let archive = folder.path().join(method.replace(':', "_"));
        let output = run(pgdumprs()
            .args(["-Z", method, "-d", &database.url(), "-f"])
            .arg(&archive));
        assert!(
            output.status.success(),
            "{method}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        compare_with_stock(&database, &archive, &["--compress", method])
            .unwrap()
            .assert_same();
    }
}

#[test]
fn help_and_version_are_no_errors() {
    let help = run(pgdumprs().arg("--help"));
    assert!(help.status.success() && help.stderr.is_empty());
    let help = String::from_utf8(help.stdout).unwrap();
    assert_says(
        &help,
        &[
            "pgdumprs [OPTION]... [DBNAME]",
            "--file",
            "--username",
            "PGDATABASE",
        ],
    );
    for command in COMMANDS {
        assert_says(&help, &[&format!("\n  {command} ")]);
        let own = run(pgdumprs().args([command, "--help"]));
        assert!(own.status.success() && own.stderr.is_empty());
        let usage = format!("Usage: pgdumprs {command} [OPTION]...");
        assert_says(&String::from_utf8(own.stdout).unwrap(), &[&usage]);
    }
    let explicit = COMMANDS.map(|command| [command, "-V"].to_vec());
    for arguments in explicit.into_iter().chain([vec!["--version"]]) {
        let version = run(pgdumprs().args(arguments));
        assert!(version.status.success());
        assert_eq!(
            version.stdout,
            format!("pgdumprs {}\n", env!("CARGO_PKG_VERSION")).into_bytes()
        );
    }
}

/// What is asked for and cannot be shown is not silently lost.
#[test]
fn help_that_nobody_gets_is_an_error() {
    let full = || {
        std::fs::File::options()
            .write(true)
            .open("/dev/full")
            .unwrap()
    };
    for arguments in [
        &["--help"][..],
        &["list", "-?"],
        &["-V"],
        &["--generate", "man"],
    ] {
        let said = failure(pgdumprs().args(arguments).stdout(full()));
        assert_says(
            &said,
            &["could not write to standard output", "No space left"],
        );
        // A reader that has seen enough, as head, is another matter.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = run(pgdumprs().args(arguments).stdout(writer));
        assert_eq!(output.status.code(), Some(141), "{arguments:?}");
        assert!(output.stderr.is_empty(), "{arguments:?}");
    }
}

#[test]
fn the_readme_shows_the_help_as_it_is() {
    let readme =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../README.md")).unwrap();
    let help = String::from_utf8(run(pgdumprs().arg("--help")).stdout).unwrap();
    let shown = format!("```text\n{}\n```", help.trim_end());
    assert!(readme.contains(&shown), "README.md does not show:\n{shown}");
}

#[test]
fn bad_arguments_get_one_line() {
    assert_says(
        &failure(pgdumprs().arg("--no-such-option")),
        &["--no-such-option", "--help"],
    );
    assert_says(&failure(pgdumprs().args(["-Fq", "x"])), &["-Fc"]);
    assert_says(&failure(pgdumprs().args(["-Fd", "x"])), &["-f/--file"]);
    assert_says(
        &failure(pgdumprs().args(["-Z", "brotli", "x"])),
        &["brotli", "zstd"],
    );
    assert_says(
        &failure(pgdumprs().args(["-d", "a", "b"])),
        &["too many", "-d"],
    );
    assert_says(&failure(pgdumprs().args(["-f"])), &["argument -- 'f'"]);
    assert_says(
        &failure(pgdumprs().arg("--no-ownr")),
        &["did you mean '--no-owner'"],
    );
}

/// A connection string may hold a password, and can stand where it does not belong.
#[test]
fn bad_arguments_do_not_show_passwords() {
    let url = "postgresql://u:s3cret@localhost/db";
    let misspelt = format!("--dbnme={url}");
    for arguments in [
        &["a", url][..],
        &[url, url],
        &["-d", url, url],
        &["-D", url],
        &["-y", url],
        &["--dbnme", url],
        &[&misspelt],
        &["--data-only", "list", url],
        &["dump", url, "dump"],
        &["-Z", "x", url],
    ] {
        let said = failure(pgdumprs().args(arguments));
        assert!(!said.contains("s3cret"), "{arguments:?}: {said}");
    }
}

#[test]
fn bad_connection_strings_get_one_line() {
    let cases = [
        ("host=localhost port=abc", "port"),
        ("hots=localhost dbname=x", "hots"),
        ("postgresql://localhost:port/db", "port"),
        ("postgresql://localhost/db?sslmode=perhaps", "sslmode"),
        ("dbname='unfinished", "quote"),
    ];
    for (text, part) in cases {
        assert_says(&failure(pgdumprs().args(["-d", text])), &[part]);
    }
}

#[test]
fn an_unreachable_host_is_named() {
    // Nothing listens on port 1, and the name's domain is reserved for names that do not exist.
    let said = failure(pgdumprs().args(["-h", "127.0.0.1", "-p", "1", "-U", "postgres", "x"]));
    assert_says(&said, &["127.0.0.1", "port 1", "refused"]);
    let said = failure(pgdumprs().args(["-d", "postgresql://u:secret@no-such-host.invalid/x"]));
    assert_says(&said, &["no-such-host.invalid", "check the host name"]);
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn an_unknown_database_is_named() {
    let server = Server::get(Major::V17);
    let said = failure(pgdumprs().args(["-d", &server.url("no_such_database")]));
    assert_says(&said, &["no_such_database", "3D000"]);
}

#[test]
fn a_wrong_password_says_so_and_is_not_shown() {
    let server = Server::builder(Major::V17)
        .access_rules("local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n")
        .start()
        .unwrap();
    let role = server.role("LOGIN PASSWORD 'right'");
    let url = format!(
        "postgresql://{role}:w3ong@127.0.0.1:{}/postgres",
        server.port()
    );
    let said = failure(pgdumprs().args(["-d", &url]));
    assert_says(&said, &["28P01", &role, "password"]);
    assert!(!said.contains("w3ong"), "{said}");
    let url = format!("postgresql://{role}@127.0.0.1:{}/postgres", server.port());
    assert_says(
        &failure(pgdumprs().args(["-w", "-d", &url])),
        &["PGPASSWORD"],
    );
}

/// What a terminal or a mail has room for; all of it where that is asked for.
#[test]
fn thousands_of_tables_are_not_all_named_in_a_line() {
    let server = Server::get(Major::V17);
    let database = server.database();
    database.execute_sql(
        "DO $$ BEGIN
             FOR i IN 1..3000 LOOP
                 EXECUTE format('CREATE TABLE item_%s (a int)', i);
             END LOOP;
         END $$",
    );
    let role = server.role("LOGIN");
    let conninfo = format!("{} user={role}", database.conninfo());
    let said = failure(pgdumprs().args(["-d", &conninfo]));
    assert_says(
        &said,
        &[
            "may not read 3000 objects",
            "table public.item_1 (SELECT)",
            "2990 more (-v names them all)",
            "pg_read_all_data",
        ],
    );
    assert!(said.len() < 2000, "{} bytes: {said}", said.len());
    let output = run(pgdumprs().args(["-v", "-d", &conninfo]));
    let said = String::from_utf8(output.stderr).unwrap();
    for table in [1, 1500, 3000] {
        let line = format!("pgdumprs: may not be read: table public.item_{table} (SELECT)");
        assert!(said.lines().any(|said| said == line), "{line}");
    }
}

/// As for pg_restore and for a pg_dump that writes a script.
#[test]
fn a_hyphen_is_standard_output() {
    let database = sample(&Server::get(Major::V17));
    let folder = tempfile::tempdir().unwrap();
    let dump = |file: &str| {
        let mut command = pgdumprs();
        let created = "--created=2026-11-21T12:00:00";
        command
            .args([created, "--report=json", "-d", &database.url(), "-f", file])
            .current_dir(folder.path());
        let output = run(&mut command);
        assert!(output.status.success(), "{output:?}");
        output
    };
    let piped = dump("-");
    assert!(piped.stdout.starts_with(b"PGDMP"));
    assert!(piped.stderr.starts_with(b"{"));
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    // Who wants a file of that name says where it is.
    assert!(dump("./-").stdout.starts_with(b"{"));
    assert!(
        std::fs::read(folder.path().join("-"))
            .unwrap()
            .starts_with(b"PGDMP")
    );
}

#[test]
fn a_missing_privilege_names_the_table_and_leaves_no_file() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let role = server.role("LOGIN");
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    let url = format!(
        "postgresql://{role}@127.0.0.1:{}/{}",
        server.port(),
        database.name()
    );
    let said = failure(pgdumprs().args(["-d", &url, "-f"]).arg(&archive));
    assert_says(
        &said,
        &["may not read", "table public.item (SELECT)", "grant it"],
    );
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "no file is left"
    );
}

#[test]
fn a_folder_that_cannot_be_written_to_is_named() {
    let said = failure(pgdumprs().args(["-f", "/no/such/folder/db.dump", "x"]));
    assert_says(&said, &["/no/such/folder", "No such file or directory"]);
}

#[test]
fn a_failed_dump_keeps_the_backup_that_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("db.dump");
    std::fs::write(&archive, "yesterday's").unwrap();
    let server = Server::get(Major::V17);
    failure(
        pgdumprs()
            .args(["-d", &server.url("no_such_database"), "-f"])
            .arg(&archive),
    );
    assert_eq!(std::fs::read(&archive).unwrap(), b"yesterday's");
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

/// A pipe or a device is written to, never replaced by a file; a link leads to the file that is.
#[test]
fn what_is_no_file_is_not_replaced_by_one() {
    let server = Server::get(Major::V17);
    let database = sample(&server);
    let folder = tempfile::tempdir().unwrap();
    let (pipe, archive) = (folder.path().join("pipe"), folder.path().join("db.dump"));
    assert!(
        run(Command::new("mkfifo").arg(&pipe)).status.success(),
        "mkfifo is a part of every system"
    );
    let dump = |file: &Path| {
        let mut command = pgdumprs();
        command.args(["-d", &database.url(), "-f"]).arg(file);
        command
    };
    let reader = {
        let (from, to) = (pipe.clone(), archive.clone());
        std::thread::spawn(move || std::fs::write(to, std::fs::read(from).unwrap()).unwrap())
    };
    let output = run(&mut dump(&pipe));
    assert!(output.status.success());
    reader.join().unwrap();
    lists_item(&archive);

    let link = folder.path().join("link");
    std::os::unix::fs::symlink(&archive, &link).unwrap();
    std::fs::write(&archive, "yesterday's").unwrap();
    assert!(run(&mut dump(&link)).status.success());
    assert!(link.is_symlink(), "the link is still one");
    lists_item(&archive);

    let said = failure(&mut dump(folder.path()));
    assert_says(&said, &["could not open", "is a directory"]);
}
