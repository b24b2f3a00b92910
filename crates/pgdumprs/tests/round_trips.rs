//! How often a dump waits for the server: as often for thousands of objects as for a few.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, Report};
use pgdumprs_testkit::{Database, Major, Server, SlowLink, Traffic};

/// Round trips that a dump of definitions may take, the opening of the connection among them. Over a link of 40 ms each costs as
/// much.
const ROUND_TRIPS: usize = 12;

/// What is made `{count}` times: a table with all that hangs on one, a view with its rule, a function, types and a sequence.
const OBJECTS: &str = "
DO $$
BEGIN
    FOR i IN 1..{count} LOOP
        EXECUTE format('CREATE TYPE mood_%1$s AS ENUM (''glad'', ''sad'')', i);
        EXECUTE format('CREATE DOMAIN amount_%1$s AS numeric CHECK (VALUE >= 0)', i);
        EXECUTE format('CREATE SEQUENCE number_%1$s', i);
        EXECUTE format('CREATE FUNCTION twice_%1$s(a int) RETURNS int LANGUAGE sql AS ''SELECT 2 * a''', i);
        EXECUTE format('CREATE TABLE item_%1$s (id serial PRIMARY KEY, parent int REFERENCES item_%1$s, '
                       'mood mood_%1$s DEFAULT ''glad'', amount amount_%1$s, name text CHECK (name <> ''''))', i);
        EXECUTE format('CREATE INDEX item_%1$s_name ON item_%1$s (lower(name))', i);
        EXECUTE format('CREATE RULE quiet AS ON DELETE TO item_%1$s DO INSTEAD NOTHING', i);
        EXECUTE format('CREATE VIEW seen_%1$s AS SELECT id, twice_%1$s(id) FROM item_%1$s', i);
        EXECUTE format('COMMENT ON TABLE item_%1$s IS ''one of many''', i);
        EXECUTE format('GRANT SELECT ON item_%1$s TO PUBLIC', i);
        IF i % 100 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
END $$";

/// A database with `count` of everything.
fn database(server: &Server, count: usize) -> Result<Database> {
    let database = server.database();
    database.try_execute_sql(OBJECTS.replace("{count}", &count.to_string()))?;
    Ok(database)
}

/// What a dump says to the server, and what comes of it.
fn said(database: &Database, choose: impl FnOnce(Dump) -> Dump) -> Result<(Traffic, Report)> {
    let link = SlowLink::open(database.server(), Duration::ZERO)?;
    let dump = choose(Dump::new(&link.conninfo(database.name()))?);
    let (_, report) = tokio::runtime::Runtime::new()?
        .block_on(dump.to_std_writer(std::io::sink()))
        .context("dumping with pgdumprs")?;
    Ok((link.traffic(), report))
}

fn definitions(dump: Dump) -> Dump {
    dump.data(false)
}

/// The oldest and the newest of the majors that a run covers: what lies between them has no queries of its own that the two have not.
fn majors() -> Result<Vec<Major>> {
    let covered = Major::covered()?;
    let mut ends: Vec<Major> = covered
        .first()
        .into_iter()
        .chain(covered.last())
        .copied()
        .collect();
    ends.dedup();
    Ok(ends)
}

#[test]
fn definitions_take_as_many_round_trips_however_many_they_are() -> Result<()> {
    for major in majors()? {
        let server = Server::try_get(major)?;
        let (few, report) = said(&database(&server, 10)?, definitions)?;
        let few_entries = report.entries;
        let (many, report) = said(&database(&server, 2000)?, definitions)?;
        let many_entries = report.entries;
        println!(
            "PostgreSQL {major}: {few:?} for {few_entries} entries, {many:?} for {many_entries}"
        );
        ensure!(
            many_entries > 100 * few_entries,
            "PostgreSQL {major}: {many_entries} entries are not many more than {few_entries}"
        );
        ensure!(
            few == many,
            "PostgreSQL {major}: {few:?} for {few_entries} entries, but {many:?} for {many_entries}"
        );
        ensure!(
            (3..=ROUND_TRIPS).contains(&many.round_trips),
            "PostgreSQL {major}: {many:?}"
        );
    }
    Ok(())
}

/// Tables and large objects are asked for many at a time: dozens to a round trip, at the least.
#[test]
fn small_tables_and_large_objects_do_not_cost_a_round_trip_each() -> Result<()> {
    const TABLES: usize = 1000;
    const LARGE_OBJECTS: usize = 3000;
    for major in majors()? {
        let server = Server::try_get(major)?;
        let database = server.database();
        database.try_execute_sql(format!(
            "DO $$
             BEGIN
                 FOR i IN 1..{TABLES} LOOP
                     EXECUTE format('CREATE TABLE item_%1$s AS SELECT %1$s AS id', i);
                     IF i % 100 = 0 THEN
                         COMMIT;
                     END IF;
                 END LOOP;
             END $$;
             SELECT count(lo_from_bytea(0, 'small')) FROM generate_series(1, {LARGE_OBJECTS})"
        ))?;
        let (before, ..) = said(&database, |dump| dump.data(false).jobs(1))?;
        for jobs in [1, 4] {
            let (traffic, report) = said(&database, |dump| dump.jobs(jobs))?;
            println!(
                "PostgreSQL {major}, {jobs} connections: {traffic:?}, {before:?} without data"
            );
            ensure!(
                (report.rows, report.large_objects) == (TABLES as u64, LARGE_OBJECTS as u64),
                "{report:?}"
            );
            // Those beside the first have to be opened.
            let opening = (traffic.connections - 1) * ROUND_TRIPS;
            let data = traffic.round_trips - before.round_trips;
            ensure!(
                data <= opening + (TABLES + LARGE_OBJECTS) / 50,
                "PostgreSQL {major}, {jobs} connections: {traffic:?}, {before:?} without data"
            );
        }
    }
    Ok(())
}

/// What a server was told, by its log.
struct Log {
    database: Database,
    file: PathBuf,
}

impl Log {
    fn new(database: Database) -> Self {
        let file = database.server().data_dir().join("log/server.log");
        Log { database, file }
    }

    /// The log as it is now. It is written by a process of its own, which may be late.
    fn text(&self, marker: &str) -> Result<String> {
        self.database
            .try_execute_sql(format!("SELECT '{marker}'"))?;
        let started = Instant::now();
        loop {
            let text = fs::read(&self.file).context("reading the server's log")?;
            let text = String::from_utf8_lossy(&text).into_owned();
            if text.contains(marker) {
                return Ok(text);
            }
            ensure!(
                started.elapsed() < Duration::from_secs(60),
                "the log ends without {marker}"
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// How many objects each statement of a dump names whose details it asks for.
    fn asked_for(&self, what: &str, choose: impl FnOnce(Dump) -> Dump) -> Result<Vec<usize>> {
        let before = self.text(&format!("before {what}"))?.len();
        said(&self.database, choose)?;
        let log = self.text(&format!("after {what}"))?;
        let lists = log[before..].split("unnest('{").skip(1);
        let lists = lists.filter_map(|rest| rest.split_once("}'::pg_catalog.oid[]"));
        Ok(lists.map(|(oids, _)| oids.split(',').count()).collect())
    }
}

/// One table of many: the details that are asked for are those of this one. Names, dependencies and comments are those of all, as for
/// pg_dump.
#[test]
fn one_table_of_many_is_asked_about_alone() -> Result<()> {
    const COUNT: usize = 1000;
    let server = Server::builder(Major::REFERENCE)
        .setting("logging_collector", "on")
        .setting("log_directory", "log")
        .setting("log_filename", "server.log")
        .setting("log_statement", "all")
        .start()?;
    let log = Log::new(database(&server, COUNT)?);
    let everything = log.asked_for("everything", definitions)?;
    let one = log.asked_for("one table", |dump| dump.data(false).include_table("item_7"))?;
    println!("{one:?} for one table, {everything:?} for everything");
    // That the statements are found at all is seen from those for everything.
    ensure!(
        everything.iter().filter(|count| **count >= COUNT).count() >= 5,
        "{everything:?}"
    );
    // A table and the sequence of its column.
    ensure!(
        !one.is_empty() && one.iter().all(|count| *count <= 2),
        "{one:?}"
    );
    Ok(())
}
