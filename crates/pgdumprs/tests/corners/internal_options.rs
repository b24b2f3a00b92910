//! Options of columns that a server keeps for itself. Servers since the minor releases of November 2026 have one; here every server has some.

use std::fs::File;
use std::io::BufReader;

use anyhow::{Context, Result, ensure};
use pgdumprs::archive::Reader;
use pgdumprs_testkit::{Database, for_each_major};

use crate::support::{ALL_WAYS, compare, dump};

const RELATIONS: &str = "
    CREATE TABLE plain (a integer, \"b\nc\" text, d text);
    ALTER TABLE plain ALTER COLUMN d SET (n_distinct = 5, n_distinct_inherited = 6);
    INSERT INTO plain VALUES (1, 'x', 'y');
    CREATE TABLE parted (a integer) PARTITION BY LIST (a);
    CREATE TABLE part PARTITION OF parted FOR VALUES IN (1);
    CREATE FOREIGN DATA WRAPPER w;
    CREATE SERVER s FOREIGN DATA WRAPPER w;
    CREATE FOREIGN TABLE far (a integer OPTIONS (pg_mine 'stays')) SERVER s;
    CREATE VIEW seen AS SELECT a FROM plain;
    CREATE MATERIALIZED VIEW kept AS SELECT a FROM plain;
    CREATE TYPE pair AS (a integer, b text);";

/// As a server would: what it keeps stands before or behind what users have set.
const KEPT: &str = "
    SET allow_system_table_mods = on;
    UPDATE pg_attribute SET attoptions = ARRAY['pg_before=1'] || attoptions || ARRAY['pg_after=77']
     WHERE attnum > 0 AND attrelid IN (SELECT oid FROM pg_class WHERE relnamespace = 'public'::regnamespace);";

#[test]
fn options_that_a_server_keeps_for_itself_are_left_out() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(RELATIONS);
        database.execute_sql(KEPT);
        compare(&database, ALL_WAYS)?;
        says_what_users_set_alone(&database)
    });
}

fn says_what_users_set_alone(database: &Database) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("ours.dump");
    dump(database, None, &path)?;
    let reader = Reader::new(BufReader::new(File::open(&path)?))?;
    let definition = |tag: &str| {
        let mut entries = reader.entries().iter();
        let entry = entries.find(|entry| entry.tag.as_ref().is_some_and(|found| found == tag));
        let definition = entry.and_then(|entry| entry.definition.as_ref());
        Ok::<_, anyhow::Error>(definition.context("no definition")?.to_string())
    };
    let plain = definition("plain")?;
    ensure!(!plain.contains("pg_"), "{plain}");
    ensure!(
        plain.contains("ALTER COLUMN d SET (n_distinct=5, n_distinct_inherited=6);"),
        "{plain}"
    );
    // What wrappers call their options is their own affair.
    let far = definition("far")?;
    ensure!(
        far.contains("pg_mine 'stays'") && !far.contains("SET ("),
        "{far}"
    );
    Ok(())
}
