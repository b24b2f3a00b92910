//! Options of columns that servers keep for themselves: those of newer minor releases write them into archives, others refuse them.

use anyhow::{Result, ensure};
use pgdumprs::{Adaptation, Restore, RestoreEnd};
use pgdumprs_testkit::{Major, Server, checked_output, reference_pg_dump};

use super::{failed_by_stock, plan, run};

const RELATIONS: &str = "
    CREATE TABLE plain (a integer, \"B b\" text, c text);
    ALTER TABLE plain ALTER COLUMN c SET (n_distinct = 5, n_distinct_inherited = 6);
    INSERT INTO plain VALUES (1, 'x', 'y');
    CREATE MATERIALIZED VIEW kept AS SELECT c FROM plain;
    CREATE VIEW shown AS SELECT 'ALTER TABLE x ALTER COLUMN y SET (pg_mine=1);'::text AS pg_mine FROM plain;
    SET allow_system_table_mods = on;
    UPDATE pg_attribute SET attoptions = ARRAY['pg_before=1'] || attoptions || ARRAY['pg_attver=77']
     WHERE attnum > 0 AND attrelid IN ('plain'::regclass, 'kept'::regclass);";

/// Without what newer minor releases set by themselves.
const KEPT: &str = "
    SELECT attrelid::regclass::text, attname, ARRAY(SELECT option FROM unnest(attoptions) option WHERE option !~ '^pg_attver=' OR option ~ '=77$')
      FROM pg_attribute WHERE attnum > 0 AND attrelid IN ('plain'::regclass, 'kept'::regclass) ORDER BY 1, attnum;
    SELECT * FROM kept; SELECT * FROM shown";

const EXPECTED: &str = "\
kept|c|{}
plain|a|{}
plain|B b|{}
plain|c|{n_distinct=5,n_distinct_inherited=6}
y
ALTER TABLE x ALTER COLUMN y SET (pg_mine=1);";

#[test]
fn options_that_a_server_keeps_for_itself_are_left_out_and_named() -> Result<()> {
    let server = Server::get(Major::V15);
    let source = server.database();
    source.execute_sql(RELATIONS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    let mut pg_dump = reference_pg_dump();
    pg_dump.args(["-Fc", "-d", &source.conninfo(), "-f"]);
    checked_output(pg_dump.arg(&archive))?;
    let failed = failed_by_stock(&server.database(), &archive)?;
    ensure!(!failed.is_empty(), "stock's restore is not refused them");

    let target = server.database();
    let restore = || Restore::new(&target.conninfo());
    let planned = plan(restore()?, &archive)?;
    ensure!(planned.is_possible(), "{planned}");
    let report = run(restore()?, &archive)?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    let adaptations = planned.entries.iter().flat_map(|entry| &entry.adaptations);
    let options: Vec<_> = adaptations
        .map(|adaptation| match adaptation {
            Adaptation::InternalOption { option } => option.to_string(),
            other => format!("{other:?}"),
        })
        .collect();
    let is_named = |option: &str| options.iter().any(|named| named == option);
    ensure!(
        is_named("pg_before=1") && is_named("pg_attver=77"),
        "{options:?}"
    );
    ensure!(
        options.iter().all(|option| option.starts_with("pg_")),
        "{options:?}"
    );
    let kept = target.psql(KEPT);
    ensure!(kept.trim() == EXPECTED, "{kept}");
    Ok(())
}
