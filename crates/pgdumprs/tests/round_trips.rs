//! How often a dump waits for the server: as often for thousands of objects as for a few.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::Dump;
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

/// What a dump of a database's definitions says to the server, and the number of entries that come of it.
fn said(database: &Database) -> Result<(Traffic, usize)> {
    let link = SlowLink::open(database.server(), Duration::ZERO)?;
    let dump = Dump::new(&link.conninfo(database.name()))?.data(false);
    let (_, report) = tokio::runtime::Runtime::new()?
        .block_on(dump.to_std_writer(std::io::sink()))
        .context("dumping with pgdumprs")?;
    Ok((link.traffic(), report.entries))
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
        let (few, few_entries) = said(&database(&server, 10)?)?;
        let (many, many_entries) = said(&database(&server, 2000)?)?;
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
