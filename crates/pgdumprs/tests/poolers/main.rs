//! Dumps through PgBouncer: what comes out, what is left behind, and what is said where a pooler is in the way.

mod ends;
mod impossible;
mod left_behind;
mod secured;
mod too_small;

use std::sync::mpsc::channel;

use anyhow::{Context, Result, ensure};
use pgdumprs::{CreationTime, Dump, Event};
use pgdumprs_connect::{ConnectParams, Session};
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

/// What a dump straight from the server gives.
struct Direct(Vec<u8>);

impl Direct {
    async fn new(database: &Database, jobs: usize) -> Result<Direct> {
        let (archive, _) = dump(&database.conninfo(), jobs).await?;
        Ok(Direct(archive))
    }

    /// Dumps through a pooler, which must give the same bytes; returns what was warned of.
    async fn is_given_by(&self, conninfo: &str, jobs: usize) -> Result<Vec<String>> {
        let (archive, warnings) = dump(conninfo, jobs).await?;
        ensure!(archive == self.0, "-j {jobs}: other bytes");
        Ok(warnings)
    }

    /// Dumps through a pooler without a warning.
    async fn is_given_well_by(&self, conninfo: &str, jobs: usize) -> Result<()> {
        let warnings = self.is_given_by(conninfo, jobs).await?;
        ensure!(warnings.is_empty(), "-j {jobs}: {warnings:?}");
        Ok(())
    }
}

/// Dumps into a file; returns its content and what was warned of.
async fn dump(conninfo: &str, jobs: usize) -> Result<(Vec<u8>, Vec<String>)> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db.dump");
    let (sender, warnings) = channel();
    let dump = prepare(conninfo, jobs)?.watch(move |event| {
        if let Event::Warning(warning) = event {
            // The receiver lives as long as the dump.
            let _ = sender.send(warning);
        }
    });
    dump.to_file(&path)
        .await
        .with_context(|| format!("dumping with -j {jobs}"))?;
    Ok((std::fs::read(&path)?, warnings.into_iter().collect()))
}

/// A session of another client's, in a transaction.
async fn other_client(conninfo: &str) -> Result<Session> {
    let mut session = Session::connect(&ConnectParams::parse(conninfo)?).await?;
    session.query("BEGIN").await?;
    Ok(session)
}

/// A database with a table that takes ten minutes to read, and a role that reads it: the pooler takes everybody for a superuser, whom the
/// table's policy does not bind.
fn endless(server: &Server) -> (Database, String) {
    let database = server.database();
    let role = server.role("LOGIN");
    database.execute_sql(format!(
        "CREATE TABLE endless AS SELECT 1 AS a;
         GRANT SELECT ON endless TO {role};
         ALTER TABLE endless ENABLE ROW LEVEL SECURITY;
         CREATE POLICY p ON endless USING (pg_sleep(600) IS NOT NULL)"
    ));
    (database, role)
}

/// What a failed dump says, and its hint.
async fn refusal(dump: Dump) -> (String, String) {
    let Err(error) = dump.to_std_writer(std::io::sink()).await else {
        panic!("there is a dump");
    };
    said(error)
}

fn said(error: pgdumprs::Error) -> (String, String) {
    let hint = error.hint().unwrap_or_default();
    (format!("{:#}", anyhow::Error::new(error)), hint)
}

/// A runtime as the command has it.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime starts")
}
