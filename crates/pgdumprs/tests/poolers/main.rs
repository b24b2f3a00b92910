//! Dumps through PgBouncer: what comes out, what is left behind, and what is said where a pooler is in the way.

mod impossible;
mod left_behind;
mod secured;
mod too_small;

use std::path::Path;
use std::sync::mpsc::channel;

use anyhow::{Context, Result};
use pgdumprs::{CreationTime, Dump, Event, Report};
use pgdumprs_testkit::{Database, Major, Server};

/// The majors that are dumped through a pooler.
const SINCE: Major = Major::V15;

/// A database whose tables have several parts each, and large objects.
fn database(server: &Server) -> Database {
    let database = server.database();
    database.execute_sql(
        "CREATE TABLE big (id integer, at timestamptz, span interval, bin bytea, f float8);
         INSERT INTO big SELECT g, '2024-02-29 12:00+00'::timestamptz + g * interval '1 s', g * interval '1 day 1 s',
             decode(md5(g::text), 'hex'), g / 3.0 FROM generate_series(1, 30000) g;
         CREATE TABLE second AS SELECT g AS id, repeat(md5(g::text), 20) AS t FROM generate_series(1, 3000) g;
         DO $$ BEGIN
             FOR i IN 1..40 LOOP
                 EXECUTE format('CREATE TABLE %I (id serial PRIMARY KEY, t text DEFAULT %L)', 'Small ' || i, i);
                 EXECUTE format('INSERT INTO %I (t) SELECT g FROM generate_series(1, %s) g', 'Small ' || i, i);
             END LOOP;
         END $$;
         CREATE VIEW v AS SELECT id, at FROM big WHERE span > '1 day 02:00'::interval;
         CREATE FUNCTION f(a date DEFAULT '2003-02-01') RETURNS date LANGUAGE sql AS 'SELECT a';
         SELECT lo_from_bytea(100000 + g, convert_to(repeat('x' || g, g % 300), 'UTF8')) FROM generate_series(0, 200) g;",
    );
    database
}

/// A dump whose bytes depend on the database alone.
fn prepare(conninfo: &str, jobs: usize) -> Result<Dump> {
    Ok(Dump::new(conninfo)?
        .jobs(jobs)
        .part_bytes(128 * 1024)
        .created(CreationTime::default()))
}

/// Dumps into a file; returns what was warned of as well.
async fn dump(conninfo: &str, jobs: usize, path: &Path) -> Result<(Report, Vec<String>)> {
    let (sender, warnings) = channel();
    let dump = prepare(conninfo, jobs)?.watch(move |event| {
        if let Event::Warning(warning) = event {
            // The receiver lives as long as the dump.
            let _ = sender.send(warning);
        }
    });
    let report = dump.to_file(path).await.context("dumping with pgdumprs")?;
    Ok((report, warnings.into_iter().collect()))
}

/// What a failed dump says, and its hint.
async fn refusal(dump: Dump) -> (String, String) {
    let Err(error) = dump.to_std_writer(std::io::sink()).await else {
        panic!("there is a dump");
    };
    let hint = error.hint().unwrap_or_default();
    (format!("{:#}", anyhow::Error::new(error)), hint)
}

/// A runtime as the command has it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime starts")
}
