//! Targets that hold something of the same name: what is refused for it is done when it is out of the way.

use anyhow::{Context, Result, ensure};
use pgdumprs::RestoreEnd;
use pgdumprs_testkit::{Server, delicate_database, for_each_major_at_scale};

use super::lost::complete;
use super::{ALL_WAYS, SERIAL, Way, dump, into, run_in};

/// Rows of the largest table.
const ROWS: u32 = 1000;

/// What is in the way, and what removes it.
const CONFLICTS: &[(&str, &str)] = &[
    ("CREATE TABLE small_2 (other text)", "DROP TABLE small_2"),
    (
        "CREATE TABLE hashed (id int); CREATE TABLE hashed_1 (id int, t text)",
        "DROP TABLE hashed, hashed_1",
    ),
    (
        "CREATE TABLE small_2 (id int CHECK (id < 100))",
        "DROP TABLE small_2",
    ),
    ("CREATE TABLE parted_1 (x int)", "DROP TABLE parted_1"),
    ("CREATE VIEW held AS SELECT 1", "DROP VIEW held"),
    (
        "CREATE FUNCTION twice(int) RETURNS text LANGUAGE sql AS 'SELECT NULL::text'",
        "DROP FUNCTION twice(int) CASCADE",
    ),
    ("CREATE TABLE counter ()", "DROP TABLE counter"),
    ("SELECT lo_create(200003)", "SELECT lo_unlink(200003)"),
];

#[test]
fn what_is_in_the_way_is_an_error_until_it_is_gone() {
    for_each_major_at_scale(is_done_when_the_way_is_free);
}

fn is_done_when_the_way_is_free(server: &Server) -> Result<()> {
    let (conflicts, ways): (_, &[Way]) = match std::env::var_os("PGDUMPRS_SCALE") {
        Some(_) => (CONFLICTS, ALL_WAYS),
        None => (&CONFLICTS[..2], &[SERIAL]),
    };
    let source = delicate_database(server, ROWS);
    let folder = tempfile::tempdir()?;
    let (archive, journal) = (folder.path().join("a.dump"), folder.path().join("journal"));
    dump(&source, &archive)?;
    for (make, remove) in conflicts {
        for &way in ways {
            let what = format!("{}, {way:?}, {make}", server.major());
            let target = source.empty_sibling()?;
            target.execute_sql(make);
            let restore = into(&target, way)?.regardless(true).journal(&journal);
            let report = run_in(way, restore, &archive)?;
            ensure!(
                report.end() == RestoreEnd::Incomplete,
                "{what}: {report:#?}"
            );
            target.execute_sql(remove);
            complete(&source, &target, way, &archive, &journal, report).context(what)?;
        }
    }
    println!(
        "{}: {} conflicts",
        server.major(),
        conflicts.len() * ways.len()
    );
    Ok(())
}
