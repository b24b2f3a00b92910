//! Dumps of databases whose objects come and go: what was listed may be gone before it is locked or its definition is read. Stock pg_dump
//! fails then; ours begins again, as long as nothing has been written.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use bstr::BString;
use pgdumprs::{Dump, Error, ErrorKind, Event, Report};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Database, Major, checked_output, for_each_major, restoring_major, tool};

const DUMPS: usize = 15;

/// What stays, so that there is something to list.
const STAYING: &str = "
    DO $$ BEGIN
        FOR i IN 1..100 LOOP
            EXECUTE format('CREATE TABLE item_%1$s (id integer PRIMARY KEY, name text)', i);
            EXECUTE format('CREATE VIEW seen_%1$s AS SELECT id FROM item_%1$s', i);
        END LOOP;
    END $$";

/// What comes, and what goes.
const PASSING: [&[&str]; 2] = [
    &[
        "CREATE SCHEMA passing",
        "CREATE TYPE passing.mood AS ENUM ('glad', 'sad')",
        "CREATE DOMAIN passing.amount AS numeric CHECK (VALUE >= 0)",
        "CREATE TABLE passing.item (id serial PRIMARY KEY, mood passing.mood DEFAULT 'glad', amount passing.amount)",
        "CREATE FUNCTION passing.twice(a integer) RETURNS integer IMMUTABLE LANGUAGE sql AS 'SELECT 2 * a'",
        "CREATE VIEW passing.seen AS SELECT id, passing.twice(id) AS twice FROM passing.item",
        "CREATE INDEX ON passing.item (amount, passing.twice(id))",
        "CREATE OR REPLACE VIEW passing.seen AS SELECT id, passing.twice(id) AS twice, mood FROM passing.item",
        "CREATE MATERIALIZED VIEW passing.kept AS SELECT mood FROM passing.item",
    ],
    &[
        "DROP VIEW passing.seen",
        "DROP FUNCTION passing.twice CASCADE",
        "DROP TABLE passing.item CASCADE",
        "DROP DOMAIN passing.amount",
        "DROP SCHEMA passing CASCADE",
    ],
];

#[test]
fn dumps_outlast_objects_that_come_and_go() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(STAYING);
        // However slow the machine is, a dump finds the database at rest often enough, and often it does not.
        let rest = dump_and_restore(&database)?.elapsed / 2;
        let stop = AtomicBool::new(false);
        let tries = thread::scope(|scope| {
            let changing = scope.spawn(|| change(&database, rest, &stop));
            let tries: Result<Vec<usize>> = (0..DUMPS)
                .map(|_| Ok(dump_and_restore(&database)?.tries))
                .collect();
            stop.store(true, Ordering::Relaxed);
            changing.join().expect("no panic").context("changing")?;
            tries
        })?;
        println!("PostgreSQL {}: tries {tries:?}", server.major());
        ensure!(
            tries.iter().any(|tries| *tries > 1),
            "nothing was ever in the way of {DUMPS} dumps"
        );
        Ok(())
    });
}

/// Makes changes until it is to stop, with a rest when all is there and when all is gone.
fn change(database: &Database, rest: Duration, stop: &AtomicBool) -> Result<()> {
    in_session(database, async |session| {
        session.query("SET lock_timeout = '20ms'").await?;
        while !stop.load(Ordering::Relaxed) {
            for changes in PASSING {
                for sql in changes {
                    // A dump may hold what is to be dropped: then, a moment later.
                    while let Err(error) = session.query(sql).await {
                        ensure!(error.sqlstate() == Some("55P03"), "{sql}: {error}");
                    }
                }
                tokio::time::sleep(rest).await;
            }
        }
        Ok(())
    })
}

/// Dumps, and restores what was dumped.
fn dump_and_restore(database: &Database) -> Result<Report> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.dump");
    let dump = Dump::new(&database.conninfo())?.jobs(2);
    let report = runtime()?.block_on(dump.to_file(&path))?;
    let restored = database.empty_sibling()?;
    let mut restore = tool(restoring_major(database.server().major()), "pg_restore");
    restore
        .args(["--exit-on-error", "-d", &restored.conninfo()])
        .arg(&path);
    checked_output(&mut restore)?;
    let views = restored.psql("SELECT count(*) FROM pg_views WHERE viewname ~ '^seen_'");
    ensure!(views == "100", "{views} views were restored");
    Ok(report)
}

/// Where in a dump something is dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Listed,
    Locked,
}

/// Each kind of object that can be gone when a dump comes to it, where in the dump it is dropped, and what becomes of the dump.
const DROPPED: [(When, &str, &str); 12] = [
    (When::Listed, "CREATE TABLE gone ()", "DROP TABLE gone"),
    (
        When::Listed,
        "CREATE SCHEMA gone CREATE TABLE t ()",
        "DROP SCHEMA gone CASCADE",
    ),
    // Something else has the name then, which cannot be locked as a table can.
    (
        When::Listed,
        "CREATE TABLE gone (a integer)",
        "DROP TABLE gone; CREATE SEQUENCE gone",
    ),
    (
        When::Listed,
        "CREATE TABLE gone (a integer) PARTITION BY LIST (a)",
        "DROP TABLE gone",
    ),
    (
        When::Locked,
        "CREATE VIEW gone AS SELECT 1 AS a",
        "DROP VIEW gone",
    ),
    (
        When::Locked,
        "CREATE MATERIALIZED VIEW gone AS SELECT 1 AS a",
        "DROP MATERIALIZED VIEW gone",
    ),
    (
        When::Locked,
        "CREATE FUNCTION gone() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION gone()",
    ),
    (
        When::Locked,
        "CREATE AGGREGATE gone(integer) (SFUNC = int4larger, STYPE = integer)",
        "DROP AGGREGATE gone(integer)",
    ),
    (
        When::Locked,
        "CREATE DOMAIN gone AS integer CHECK (VALUE > 0)",
        "DROP DOMAIN gone",
    ),
    (
        When::Locked,
        "CREATE TYPE gone AS (a integer, b text)",
        "DROP TYPE gone",
    ),
    (When::Locked, "CREATE SEQUENCE gone", "DROP SEQUENCE gone"),
    (
        When::Locked,
        "CREATE STATISTICS gone ON a, b FROM stays",
        "DROP STATISTICS gone",
    ),
];

/// What is dropped in the midst of it is not in the dump, or is as it was: the dump is made either way.
#[test]
fn whatever_is_dropped_meanwhile_there_is_a_dump() {
    for_each_major(|server| {
        let mut again = Vec::new();
        for (when, create, drop) in DROPPED {
            let database = server.database();
            database.execute_sql(format!(
                "CREATE TABLE stays (a integer, b integer); {create}"
            ));
            let (dumped, tries) = dump_while_dropping(&database, when, drop, |dump| dump)?;
            dumped.with_context(|| drop.to_owned())?;
            again.push(tries);
            // Nobody can have read a table that is not there.
            ensure!(when == When::Locked || tries == 2, "{drop}: {tries} tries");
        }
        println!("PostgreSQL {}: tries {again:?}", server.major());
        Ok(())
    });
}

/// What another session exported cannot be had anew.
#[test]
fn another_sessions_snapshot_is_read_once() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql("CREATE TABLE gone ()");
        in_session(&database, async |session| {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot()";
            let rows = session.query(begin).await?;
            let exported = rows.one()?.get::<BString>(0)?.to_string();
            let (dumped, tries) = tokio::task::block_in_place(|| {
                dump_while_dropping(&database, When::Listed, "DROP TABLE gone", |dump| {
                    dump.snapshot(exported)
                })
            })?;
            let error = dumped.err().context("there is a dump")?;
            ensure!(tries == 1 && error.sqlstate() == Some("42P01"), "{error}");
            ensure!(error.kind() == ErrorKind::Changed, "{error}");
            Ok(())
        })
    });
}

/// What gives a table of three rows another file, and how many rows it has then.
const REPLACED: [(&str, u64); 4] = [
    ("TRUNCATE t", 0),
    ("TRUNCATE t; INSERT INTO t VALUES (4, 'd')", 1),
    ("ALTER TABLE t ALTER COLUMN a TYPE numeric", 3),
    ("VACUUM FULL t", 3),
];

const THREE_ROWS: &str =
    "CREATE TABLE t AS SELECT * FROM (VALUES (1, 'a'), (2, 'b'), (3, 'c')) AS v(a, b)";

/// Whoever reads such a table in a snapshot of before finds it empty.
#[test]
fn tables_that_are_truncated_or_rewritten_meanwhile_are_read_anew() {
    for_each_major(|server| {
        for (replace, rows) in REPLACED {
            let database = server.database();
            database.execute_sql(THREE_ROWS);
            let (dumped, tries) =
                dump_while_dropping(&database, When::Listed, replace, |dump| dump)?;
            let report = dumped.with_context(|| replace.to_owned())?;
            ensure!(tries == 2, "{replace}: {tries} tries");
            ensure!(report.rows == rows, "{replace}: {} rows", report.rows);
        }
        // Where the rows are not dumped, it makes no difference.
        let database = server.database();
        database.execute_sql(THREE_ROWS);
        for without in [
            |dump: Dump| dump.data(false),
            |dump: Dump| dump.exclude_table_data("t"),
        ] {
            let (dumped, tries) =
                dump_while_dropping(&database, When::Listed, "TRUNCATE t", without)?;
            dumped?;
            ensure!(tries == 1, "{tries} tries");
        }
        Ok(())
    });
}

/// There, rows would be missing without a word.
#[test]
fn tables_that_were_truncated_since_another_sessions_snapshot_are_named() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(format!("{THREE_ROWS}; CREATE TABLE untouched (a integer)"));
        in_session(&database, async |session| {
            let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot()";
            let rows = session.query(begin).await?;
            let exported = rows.one()?.get::<BString>(0)?.to_string();
            database.execute_sql("TRUNCATE t");
            let dump = Dump::new(&database.conninfo())?.snapshot(exported);
            let dumped = dump.to_std_writer(std::io::sink()).await;
            let error = dumped.err().context("there is a dump")?;
            ensure!(error.kind() == ErrorKind::Changed, "{error}");
            let said = error.to_string();
            ensure!(said.contains("table public.t was truncated"), "{said}");
            Ok(())
        })
    });
}

/// Dumps while another session drops something, the first time that the dump comes so far. Returns what became of it and how many tries
/// that took.
fn dump_while_dropping(
    database: &Database,
    when: When,
    drop: &str,
    change: impl FnOnce(Dump) -> Dump,
) -> Result<(Result<Report, Error>, usize)> {
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.env("PGOPTIONS", "-c lock_timeout=10s").args([
        "-XAtq",
        "-d",
        &database.conninfo(),
        "-v",
        "ON_ERROR_STOP=1",
        "-c",
        drop,
    ]);
    let mut dropping = Some(psql);
    let (sender, attempts) = channel();
    let dump = change(Dump::new(&database.conninfo())?).watch(move |event| {
        let now = match event {
            Event::LockingTables { .. } => Some(When::Listed),
            Event::ReadingDefinitions => Some(When::Locked),
            Event::TryingAgain { attempt, .. } => {
                // The receiver lives as long as the dump.
                let _ = sender.send(attempt);
                None
            }
            _ => None,
        };
        // The dump stands still meanwhile.
        if let Some(mut psql) = dropping.take_if(|_| now == Some(when)) {
            checked_output(&mut psql).expect("it can be dropped");
        }
    });
    let dumped = runtime()?.block_on(dump.to_std_writer(std::io::sink()));
    let dumped = dumped.map(|(_, report)| report);
    Ok((dumped, attempts.into_iter().last().unwrap_or(1)))
}

fn in_session<T>(
    database: &Database,
    work: impl AsyncFnOnce(&mut Session) -> Result<T>,
) -> Result<T> {
    runtime()?.block_on(async {
        let mut session = Session::connect(&ConnectParams::parse(&database.conninfo())?).await?;
        let done = work(&mut session).await?;
        session.close().await;
        Ok(done)
    })
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Runtime::new()?)
}
