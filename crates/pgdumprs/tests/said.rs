//! What servers say beside their answers: it reaches whoever watches a dump, and warnings the report.

use std::fs::File;
use std::os::unix::fs::FileExt;

use anyhow::{Result, ensure};
use pgdumprs::{Dump, Event, Report};
use pgdumprs_testkit::{Database, Major, Server};

/// What was told of a dump, and its report.
struct Told {
    warnings: Vec<String>,
    notices: Vec<String>,
    report: Report,
}

fn dump(dump: Dump) -> Result<Told> {
    let mut dump = dump.jobs(4).part_bytes(64 * 1024);
    let mut events = dump.events();
    let runtime = tokio::runtime::Runtime::new()?;
    let report = runtime.block_on(dump.to_writer(tokio::io::sink()))?;
    let (mut warnings, mut notices) = (Vec::new(), Vec::new());
    runtime.block_on(async {
        while let Some(event) = events.next().await {
            match event {
                Event::Warning(text) => warnings.push(text),
                Event::Notice(text) => notices.push(text),
                _ => {}
            }
        }
    });
    ensure!(
        report.warnings == warnings,
        "{:?} and {warnings:?}",
        report.warnings
    );
    Ok(Told {
        warnings,
        notices,
        report,
    })
}

fn told_of(database: &Database) -> Result<Told> {
    dump(Dump::new(&database.conninfo())?)
}

/// Tables for several connections.
const TABLES: &str = "DO $$ BEGIN
    FOR i IN 1..12 LOOP
        EXECUTE format('CREATE TABLE %I AS SELECT repeat(''x'', 1000) AS pad FROM generate_series(1, 500)', 't' || i);
    END LOOP;
END $$;";

/// A copy of a database with a page of its table `damaged` overwritten, and with the setting that lets servers go on then.
fn damaged(server: &Server) -> Result<Database> {
    let original = server.database();
    original.try_execute_sql(format!(
        "{TABLES} CREATE TABLE damaged AS SELECT g AS id, repeat('x', 500) AS pad FROM generate_series(1, 300) g"
    ))?;
    let copy = server.database();
    let (from, to) = (original.name(), copy.name());
    // A copy of files that no session has read yet.
    server.database().try_execute_sql(format!(
        "DROP DATABASE {to};
         CREATE DATABASE {to} TEMPLATE {from} STRATEGY file_copy;
         ALTER DATABASE {to} SET zero_damaged_pages = on;
         ALTER DATABASE {to} SET client_min_messages = error;"
    ))?;
    let file = copy.psql("SELECT pg_relation_filepath('damaged')");
    let file = File::options()
        .write(true)
        .open(server.data_dir().join(file.trim()))?;
    file.write_all_at(&[0xa5; 8192], 3 * 8192)?;
    Ok(copy)
}

#[test]
fn rows_that_a_server_leaves_out_are_warned_of() -> Result<()> {
    for major in [Major::V15, Major::V17] {
        let database = damaged(&Server::builder(major).start()?)?;
        let told = told_of(&database)?;
        ensure!(told.report.rows < 12 * 500 + 300, "no row is missing");
        let [warning] = &told.warnings[..] else {
            panic!("{:?}", told.warnings);
        };
        for part in [
            "while table public.damaged is read",
            "block 3 of relation base/",
            "XX001",
            "missing from the archive",
        ] {
            ensure!(warning.contains(part), "{part} is not in {warning}");
        }
    }
    Ok(())
}

#[test]
fn what_is_said_to_every_connection_is_told_once() -> Result<()> {
    let server = Server::builder(Major::V17).start()?;
    let database = server.database();
    database.try_execute_sql(TABLES)?;
    ensure!(told_of(&database)?.warnings.is_empty());
    server.database().try_execute_sql(format!(
        "UPDATE pg_database SET datcollversion = '0.1' WHERE datname = '{}' AND datcollversion IS NOT NULL;
         UPDATE pg_database SET datlocprovider = 'i', datlocale = 'en', datcollversion = '0.1'
         WHERE datname = '{0}' AND datcollversion IS NULL",
        database.name()
    ))?;
    let told = told_of(&database)?;
    let [warning] = &told.warnings[..] else {
        panic!("{:?}", told.warnings);
    };
    ensure!(
        warning.contains("collation version mismatch")
            && warning.contains("REFRESH COLLATION VERSION"),
        "{warning}"
    );
    Ok(())
}

#[test]
fn functions_that_a_dump_runs_are_heard_whatever_the_role_wants_to_hear() -> Result<()> {
    let server = Server::builder(Major::V18).start()?;
    let role = server.role("LOGIN");
    let database = server.database();
    database.try_execute_sql(format!(
        "CREATE TABLE item AS SELECT generate_series(1, 3) AS id;
         ALTER TABLE item ENABLE ROW LEVEL SECURITY;
         GRANT SELECT ON item TO {role};
         CREATE FUNCTION chatty() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
             RAISE NOTICE E'a notice\\nof two lines'; RAISE WARNING 'a warning' USING HINT = 'some hint'; RAISE DEBUG 'for the log';
             RETURN true;
         END $$;
         CREATE POLICY p ON item USING (chatty());
         CREATE FUNCTION greet() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN RAISE NOTICE 'good morning'; END $$;
         CREATE EVENT TRIGGER greet ON login EXECUTE FUNCTION greet();"
    ))?;
    for level in ["error", "debug5", "notice"] {
        database.try_execute_sql(format!(
            "ALTER ROLE {role} SET client_min_messages = {level}"
        ))?;
        let conninfo = format!("{} user={role}", database.conninfo());
        let told = dump(Dump::new(&conninfo)?.row_security(true))?;
        let [warning] = &told.warnings[..] else {
            panic!("{level}: {:?}", told.warnings);
        };
        for part in [
            "table public.item",
            "a warning",
            "hint: some hint",
            "chatty()",
        ] {
            ensure!(warning.contains(part), "{part} is not in {warning}");
        }
        let has = |part: &str| {
            told.notices
                .iter()
                .filter(|text| text.contains(part))
                .count()
        };
        ensure!(
            has("a notice of two lines") == 1,
            "{level}: {:?}",
            told.notices
        );
        // It speaks before anything can be pinned.
        let greeted = if level == "error" { 0 } else { 1 };
        ensure!(
            has("good morning") == greeted,
            "{level}: {:?}",
            told.notices
        );
        ensure!(has("for the log") == 0, "{level}: {:?}", told.notices);
        ensure!(told.notices.len() <= 2, "{level}: {:?}", told.notices);
    }
    Ok(())
}

#[test]
fn more_than_can_be_told_is_counted() -> Result<()> {
    let database = Server::get(Major::V17).database();
    database.try_execute_sql(
        "CREATE ROLE flooded LOGIN;
         CREATE TABLE item AS SELECT generate_series(1, 3000) AS id;
         ALTER TABLE item ENABLE ROW LEVEL SECURITY;
         GRANT SELECT ON item TO flooded;
         CREATE FUNCTION chatty(id int) RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN RAISE WARNING 'row %', id; RETURN true; END $$;
         CREATE POLICY p ON item USING (chatty(id));",
    )?;
    let conninfo = format!("{} user=flooded", database.conninfo());
    let told = dump(Dump::new(&conninfo)?.row_security(true))?;
    let last = told.warnings.last().map(String::as_str).unwrap_or_default();
    ensure!(told.warnings.len() == 1001, "{}", told.warnings.len());
    ensure!(last.contains("2000 messages more"), "{last}");
    Ok(())
}

#[test]
fn servers_warn_of_passwords_that_will_not_do_for_long() -> Result<()> {
    let server = Server::builder(Major::V19)
        .access_rules("local all all trust\nhost all old all md5\nhost all soon all scram-sha-256")
        .start()?;
    let database = server.database();
    database.try_execute_sql(
        "CREATE ROLE soon LOGIN SUPERUSER PASSWORD 'secret' VALID UNTIL 'tomorrow';
         SET password_encryption = 'md5';
         CREATE ROLE old LOGIN SUPERUSER PASSWORD 'secret';",
    )?;
    database.try_execute_sql(TABLES)?;
    for (role, part) in [("old", "MD5"), ("soon", "expire soon")] {
        let conninfo = format!(
            "host=127.0.0.1 port={} user={role} password=secret dbname={}",
            server.port(),
            database.name()
        );
        let told = dump(Dump::new(&conninfo)?)?;
        let [warning] = &told.warnings[..] else {
            panic!("{role}: {:?}", told.warnings);
        };
        ensure!(warning.contains(part), "{warning}");
    }
    Ok(())
}
