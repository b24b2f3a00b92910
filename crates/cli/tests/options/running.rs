//! The form in which content is written, and how the dump runs.

use std::process::Stdio;

use pgdumprs_testkit::{Database, DatabaseOptions, Major, Server, tool};

use crate::against::{all_same, refusals, same};
use crate::support::{assert_says, failure, pgdumprs};

fn sample(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(include_str!("names.sql"));
    database.execute_sql(
        "CREATE TABLE floats (a float4, b float8);
         INSERT INTO floats VALUES (0.1, 1.0 / 3), (1e20, 2e-300);",
    );
    database
}

#[test]
fn forms() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "--disable-dollar-quoting",
            "--quote-all-identifiers",
            "--extra-float-digits=0 -n public",
            "--extra-float-digits=-5 -n public",
            "--load-via-partition-root",
            "--enable-row-security -S postgres",
            "-E sql_ascii -n app",
        ],
    );
}

#[test]
fn encodings() {
    let options = DatabaseOptions {
        encoding: "LATIN1".to_owned(),
        ..DatabaseOptions::default()
    };
    let database = Server::get(Major::REFERENCE).database_with(&options);
    database.execute_sql(
        "CREATE TABLE U&\"Gr\\00f6\\00dfe\" (U&\"l\\00e4nge\" text DEFAULT U&'\\00fc');
         INSERT INTO U&\"Gr\\00f6\\00dfe\" VALUES (U&'\\00e9t\\00e9');
         COMMENT ON TABLE U&\"Gr\\00f6\\00dfe\" IS U&'\\00c5';",
    );
    all_same(&database, &["-E UTF8", "-E utf-8 -t \"Gr\u{f6}\u{df}e\""]);
    let (_, ours) = refusals(&database.conninfo(), &["-E", "nonsense"]);
    assert!(ours.contains("\"nonsense\""), "{ours}");
}

#[test]
fn ways_to_run() {
    all_same(
        &sample(&Server::get(Major::REFERENCE)),
        &[
            "--lock-wait-timeout=5s --no-sync",
            "--serializable-deferrable --sync-method=fsync",
            "--sync-method=syncfs --role=postgres",
        ],
    );
}

/// Rows that a policy hides from the role are left out or make the dump fail, by choice.
#[test]
fn row_security() {
    let server = Server::get(Major::REFERENCE);
    let database = sample(&server);
    let role = server.role("");
    database.execute_sql(format!(
        "GRANT USAGE ON SCHEMA app TO {role};
         GRANT SELECT ON app.\"Order\" TO {role};
         GRANT SELECT ON ALL SEQUENCES IN SCHEMA app TO {role};
         ALTER POLICY mine ON app.\"Order\" USING (id > 1);"
    ));
    let role = format!("--role={role}");
    let table = ["-t", "app.\"Order\"", &role];
    same(
        &database,
        &[&table[..], &["--enable-row-security"]].concat(),
    );
    let conninfo = database.conninfo();
    let ours = failure(pgdumprs().args(table).args(["-d", &conninfo]));
    assert!(ours.contains("row security would hide rows"), "{ours}");
}

#[test]
fn locks_are_not_waited_for_forever() {
    let database = sample(&Server::get(Major::REFERENCE));
    let mut holder = tool(Major::REFERENCE, "psql")
        .args(["-X", "-q", "-d", &database.conninfo()])
        .args(["-c", "BEGIN; LOCK TABLE app.parent; SELECT pg_sleep(60)"])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND granted
                AND relation = 'app.parent'::regclass";
    while database.psql(held).trim() != "1" {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    let (_, ours) = refusals(&database.conninfo(), &["--lock-wait-timeout=100"]);
    assert!(ours.contains("lock") && ours.contains("timeout"), "{ours}");
    holder.kill().unwrap();
    holder.wait().unwrap();
}

/// What another session sees in its transaction is what is dumped, whatever happened since.
#[test]
fn snapshots_of_others() {
    let database = sample(&Server::get(Major::REFERENCE));
    let folder = tempfile::tempdir().unwrap();
    let name = folder.path().join("snapshot");
    let script = format!(
        "BEGIN ISOLATION LEVEL REPEATABLE READ;\n\\o {}\nSELECT pg_export_snapshot();\n\\o\nSELECT pg_sleep(60);",
        name.display()
    );
    let file = folder.path().join("script.sql");
    std::fs::write(&file, script).unwrap();
    let mut holder = tool(Major::REFERENCE, "psql")
        .args(["-X", "-q", "-A", "-t", "-d", &database.conninfo(), "-f"])
        .arg(&file)
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let snapshot = loop {
        let text = std::fs::read_to_string(&name).unwrap_or_default();
        if text.ends_with('\n') {
            break text.trim().to_owned();
        }
        std::thread::sleep(std::time::Duration::from_millis(20));
    };
    database.execute_sql("DELETE FROM floats; CREATE TABLE app.later ()");
    same(&database, &[&format!("--snapshot={snapshot}")]);
    holder.kill().unwrap();
    holder.wait().unwrap();
}

#[test]
fn rows_of_foreign_tables() {
    let server = Server::get(Major::REFERENCE);
    let database = sample(&server);
    database.execute_sql(format!(
        "CREATE EXTENSION postgres_fdw;
         CREATE SERVER here FOREIGN DATA WRAPPER postgres_fdw
             OPTIONS (host '{}', port '{}', dbname '{}');
         CREATE USER MAPPING FOR postgres SERVER here;
         CREATE FOREIGN TABLE app.mirror (id int, t text) SERVER here OPTIONS (schema_name 'app', table_name 'Order');",
        server.socket_dir().display(),
        server.port(),
        database.name()
    ));
    all_same(
        &database,
        &[
            "--include-foreign-data=h?r*",
            "--include-foreign-data=here -a -t mirror",
            "--include-foreign-data=here --exclude-table-data=mirror --exclude-table-data=far",
        ],
    );
    let folder = tempfile::tempdir().unwrap();
    let rules = folder.path().join("rules");
    std::fs::write(
        &rules,
        "include foreign_data h?r*\nexclude table_data far\n",
    )
    .unwrap();
    same(&database, &[&format!("--filter={}", rules.display())]);
    let (stock, ours) = refusals(&database.conninfo(), &["--include-foreign-data=nothing"]);
    assert_eq!(stock, ours);
}

/// The option, its value, the server's words and SQLSTATE, and what to do.
#[test]
fn what_the_server_refuses_is_named_by_its_option() {
    // One of its own: other tests make roles whose names no KOI8R has, and roles are read before tables.
    let server = Server::builder(Major::REFERENCE).start().unwrap();
    let database = server.database();
    database.execute_sql("CREATE TABLE \"Gr\u{f6}\u{df}e\" (a int)");
    let role = server.role("LOGIN");
    let said = |arguments: &[&str]| {
        let said = failure(
            pgdumprs()
                .args(arguments)
                .args(["-d", &database.conninfo()]),
        );
        for jargon in ["pipeline", "fixed settings", "statement 1"] {
            assert!(!said.contains(jargon), "{said}");
        }
        said
    };
    for (arguments, parts) in [
        (
            "--role=nosuch",
            [
                "role \"nosuch\" (--role)",
                "does not exist (SQLSTATE 22023)",
                "hint: a role is named letter by letter",
            ],
        ),
        (
            "--snapshot=nosuch",
            [
                "snapshot \"nosuch\" (--snapshot)",
                "(SQLSTATE 22023)",
                "hint: a snapshot is what SELECT pg_export_snapshot() returns",
            ],
        ),
        (
            "--snapshot=00000003-00000002-1",
            [
                "snapshot \"00000003-00000002-1\" (--snapshot)",
                "(SQLSTATE ",
                "until the transaction",
            ],
        ),
        (
            "--encoding=nosuch",
            [
                "encoding \"nosuch\" (-E/--encoding, PGCLIENTENCODING",
                "(SQLSTATE 22023)",
                "hint: encodings are called as in PostgreSQL",
            ],
        ),
        (
            "--encoding=koi8r",
            ["read tables", "(SQLSTATE 22P05)", "lacks a letter"],
        ),
        (
            "--lock-wait-timeout=soon",
            [
                "\"soon\" (--lock-wait-timeout)",
                "(SQLSTATE 22023)",
                "hint: give milliseconds",
            ],
        ),
        (
            "--lock-wait-timeout=-5",
            [
                "\"-5\" (--lock-wait-timeout)",
                "outside the valid range",
                "hint: give milliseconds",
            ],
        ),
    ] {
        assert_says(&said(&[arguments]), &parts);
    }
    let latin = server.database_with(&DatabaseOptions {
        encoding: "LATIN1".to_owned(),
        ..DatabaseOptions::default()
    });
    assert_says(
        &failure(pgdumprs().args(["--encoding=sjis", "-d", &latin.conninfo()])),
        &[
            "encoding \"sjis\" (-E",
            "(SQLSTATE 0A000)",
            "hint: the server cannot convert",
        ],
    );
    let conninfo = format!("{} user={role}", database.conninfo());
    let said = failure(pgdumprs().args(["--role=postgres", "-d", &conninfo]));
    assert_says(
        &said,
        &["\"postgres\" (--role)", "(SQLSTATE 42501)", "GRANT"],
    );
}

#[test]
fn what_cannot_be_done_is_refused() {
    let with = |argument: &str| failure(pgdumprs().args([argument, "-d", "host=/nowhere"]));
    assert_says(&with("--binary-upgrade"), &["pg_upgrade"]);
    assert_says(&with("--extra-float-digits=4"), &["-15..3"]);
}
