//! Passwords of connection strings, wherever these end up: none shows on standard output or error.

use std::fs;
use std::path::Path;
use std::process::Command;

use pgdumprs_testkit::{Major, Server};

use crate::support::{assert_says, failure, pgdumprs, run};

/// What must not show. The beginning and the end of passwords are told apart, since mistakes cut them in two.
const SECRETS: [&str; 2] = ["s3cretA", "s3cretB"];

/// Options that take a value, and two that are not there.
const OPTIONS: &str = "-h -p -U -j -F -Z -t -T -n -N -e -E -f --role --snapshot --filter --lock-wait-timeout --created --memory \
                       --archive-version --section --extra-float-digits --report --sync-method --exclude-table-data \
                       --include-foreign-data --rows-per-insert --compress --progress --no-such-option -y";

/// Variables that are looked at before or while a connection is made.
const VARIABLES: &str = "PGHOST PGHOSTADDR PGPORT PGUSER PGDATABASE PGSERVICE PGSSLMODE PGSSLROOTCERT PGSSLCERT PGSSLCRL \
                         PGOPTIONS PGCLIENTENCODING PGCONNECT_TIMEOUT PGTARGETSESSIONATTRS PGCHANNELBINDING PGREQUIREAUTH PGTZ \
                         PGMAXPROTOCOLVERSION PGREQUIREPEER";

/// Connection strings that have passwords in them, most of them wrong in some way.
fn connection_strings(port: u16) -> Vec<String> {
    let mut all = Vec::new();
    for scheme in [
        "postgresql+psycopg2",
        "postgresql+asyncpg",
        "postgres+x",
        "prisma+postgres",
        "jdbc:postgresql",
        "jdbc:mysql",
        "mysql",
        "POSTGRESQL",
        " postgresql",
        "\"postgres",
        "postgis",
        "https",
        "postgresql",
        "postgres",
    ] {
        for password in [
            "s3cretAs3cretB",
            "s3cretA/s3cretB",
            "s3cretA@s3cretB",
            "s3cretA#s3cretB",
            "s3cretA?s3cretB",
            "s3cretA%s3cretB",
            "s3cretA:s3cretB",
            "s3cretA s3cretB",
            "s3cretA&s3cretB=",
            "s3cretA?s3cretB=1&x",
            "s3cretA/s3cretB?sslmode=s3cretA",
            "12/s3cretA@s3cretB",
            "s3cretA'\"s3cretB",
            "s3cretA\n\u{1b}s3cretB",
            "[s3cretA]s3cretB",
            "s3cretA,s3cretB",
        ] {
            all.push(format!("{scheme}://app:{password}@127.0.0.1:{port}/shop"));
            all.push(format!(
                "{scheme}://app:{password}@127.0.0.1/shop?sslmode=require&schema=x"
            ));
        }
        all.push(format!("{scheme}://app:s3cretAs3cretB"));
        all.push(format!(
            "{scheme}://127.0.0.1:{port}/shop?user=app&password=s3cretAs3cretB&x"
        ));
    }
    all.extend(
        [
            "app:s3cretAs3cretB@127.0.0.1/shop",
            "app:s3cretA/s3cretB@127.0.0.1/shop?sslmode=require",
            "postgresql:/app:s3cretAs3cretB@127.0.0.1/shop",
            "host=127.0.0.1 password=s3cretA s3cretB",
            "host=127.0.0.1 password=s3cretA s3cretB=x user=app",
            "host=127.0.0.1 password='s3cretA s3cretB",
            "host=127.0.0.1 password=s3cretA' s3cretB='x",
            "host=app:s3cretA@s3cretB",
            "dbname=postgresql://app:s3cretAs3cretB@127.0.0.1/shop",
            "url=postgresql://app:s3cretAs3cretB@127.0.0.1/shop",
            "DATABASE_URL=postgresql://app:s3cretA@s3cretB@127.0.0.1/shop",
            "Host=127.0.0.1;Username=app;Password=s3cretAs3cretB",
        ]
        .map(str::to_owned),
    );
    all
}

/// Runs a command that must not show a secret; returns what it said, and whether it did what was asked.
fn keeps_secrets(what: &str, command: &mut Command) -> (String, bool) {
    let output = run(command);
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    for secret in SECRETS {
        assert!(!said.contains(secret), "{what}: {said}");
    }
    (said, output.status.success())
}

/// The command, for a server that is there: it hears of what is not refused before.
fn local(server: &Server, folder: &Path) -> Command {
    let mut command = pgdumprs();
    command
        .current_dir(folder)
        .env("PGHOST", server.socket_dir())
        .env("PGPORT", server.port().to_string())
        .env("PGUSER", "postgres")
        .args(["-v", "-w"]);
    command
}

#[test]
fn no_database_argument_shows_its_password() {
    let server = Server::get(Major::V17);
    let folder = tempfile::tempdir().unwrap();
    for text in connection_strings(server.port()) {
        let mut command = local(&server, folder.path());
        let (said, done) = keeps_secrets(&text, command.args(["-f", "x.dump", "-d", &text]));
        assert!(!done, "{text}: {said}");
        // Whole ones lead to the server, which has no such database; no other text may be sent there as a name.
        let is_whole = text.starts_with("postgres") && text.contains("://app:s3cret");
        assert!(!said.contains("3D000") || is_whole, "{text}: {said}");
    }
}

#[test]
fn no_other_place_shows_a_password() {
    let server = Server::get(Major::V17);
    let folder = tempfile::tempdir().unwrap();
    let urls = [
        "postgresql://app:s3cretAs3cretB@db.example/shop",
        "postgresql+asyncpg://app:s3cretA@s3cretB@db.example/shop?sslmode=require",
        "jdbc:postgresql://db.example/shop?user=app&password=s3cretAs3cretB",
        "app:s3cretAs3cretB@db.example",
    ];
    let services = folder.path().join("services");
    for url in urls {
        for option in OPTIONS.split_whitespace() {
            let mut command = local(&server, folder.path());
            command.args(["-d", "postgres"]);
            if option != "-f" {
                command.args(["-f", "x.dump"]);
            }
            if matches!(option, "-t" | "-n" | "-e") {
                command.arg("--strict-names");
            }
            if option.starts_with("--") {
                command.arg(format!("{option}={url}"));
            } else {
                command.args([option, url]);
            }
            keeps_secrets(&format!("{option} {url}"), &mut command);
        }
        for variable in VARIABLES.split_whitespace() {
            let mut command = local(&server, folder.path());
            // Certificates are read where there is a server to speak TLS with.
            command
                .args(["-f", "x.dump"])
                .env("PGHOST", "127.0.0.1")
                .env(variable, url);
            keeps_secrets(&format!("{variable}={url}"), &mut command);
        }
        for line in [
            url.to_owned(),
            format!("dbname={url}"),
            format!("host={url}"),
            format!("user={url}"),
            format!("url={url}"),
        ] {
            fs::write(&services, format!("[s]\n{line}\n")).unwrap();
            let mut command = local(&server, folder.path());
            command
                .env("PGSERVICEFILE", &services)
                .args(["-f", "x.dump", "-d", "service=s"]);
            command.env_remove("PGHOST").env_remove("PGUSER");
            keeps_secrets(&format!("a service's {line}"), &mut command);
        }
        let mut command = local(&server, folder.path());
        command.env("PGSERVICEFILE", url).args(["-d", "service=s"]);
        keeps_secrets(&format!("PGSERVICEFILE={url}"), &mut command);
        for command in ["list", "verify", "cat"] {
            keeps_secrets(
                &format!("{command} {url}"),
                pgdumprs().args([command, url, "t"].iter().take(if command == "cat" {
                    3
                } else {
                    2
                })),
            );
        }
        keeps_secrets("two names", pgdumprs().args([url, url]));
    }
    // As in MySQL's tools.
    keeps_secrets(
        "-p",
        local(&server, folder.path()).args(["-ps3cretAs3cretB", "postgres"]),
    );
}

#[test]
fn the_message_names_the_cure() {
    for (text, parts) in [
        (
            "postgresql+psycopg2://app:s3cretA@db/shop?sslmode=require",
            &["+psycopg2", "drop"][..],
        ),
        (
            "jdbc:postgresql://db/shop?user=app&password=s3cretA",
            &["\"jdbc:\"", "drop"],
        ),
        (" postgresql://app:s3cretA@db/shop", &["blank"]),
        ("postgresql://app:s3cretA/x@db:5432/shop", &["%40", "%2F"]),
        ("postgresql://app:s3cretA@x@db/shop", &["%40"]),
        ("mysql://app:s3cretA@db/shop", &["postgresql"]),
    ] {
        assert_says(
            &failure(pgdumprs().args(["-f", "/dev/null", "-d", text])),
            parts,
        );
    }
    let said =
        failure(pgdumprs().args(["-f", "/dev/null", "-h", "postgresql://app:s3cretA@db/shop"]));
    assert_says(&said, &["host", "-d"]);
    let said = failure(
        pgdumprs()
            .args(["-f", "/dev/null"])
            .env("PGDATABASE", "postgresql://app:s3cretA@db/shop"),
    );
    assert_says(&said, &["PGDATABASE", "-d"]);
}

#[test]
fn what_is_really_called_so_can_be_dumped() {
    let server = Server::get(Major::V17);
    let folder = tempfile::tempdir().unwrap();
    let database = server.database();
    database.execute_sql("CREATE DATABASE \"a:b@c\"");
    let url = format!(
        "postgresql://postgres@127.0.0.1:{}/a%3Ab%40c",
        server.port()
    );
    let output = run(local(&server, folder.path()).args(["-f", "x.dump", "-d", &url]));
    assert!(output.status.success(), "{output:?}");
    let said = failure(local(&server, folder.path()).args(["-f", "x.dump", "-d", "a:b@c"]));
    assert_says(&said, &["percent-encoding"]);
    database.execute_sql("DROP DATABASE \"a:b@c\"");
}
