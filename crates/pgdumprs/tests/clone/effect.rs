//! What is cloned is what was there.

use anyhow::{Result, ensure};
use pgdumprs::CloneEnd;
use pgdumprs_testkit::{Major, Server, for_each_major_at_scale};

use super::{
    ALL_WAYS, DIVIDED, NOT_RESTORED_ALIKE, Way, clone, compare, is_thorough, kinds, make_roles, run,
};

/// By default on the newest major.
#[test]
fn the_sample_database() {
    for_each_major_at_scale(|server| {
        let source = server.database();
        source.load_fixture("logistics")?;
        compare(&source, ALL_WAYS)
    });
}

/// Files with what matters to how rows are read and come in.
const TELLING: &[&str] = &["data", "large_object", "matview", "partition", "trigger"];

/// Kinds of objects, each file in a database of its own: all files where there is time, on each major, and else a few on the newest.
#[test]
fn each_kind_of_object() {
    for_each_major_at_scale(|server| {
        make_roles(server)?;
        let mut failures = Vec::new();
        for (name, file) in kinds(server, NOT_RESTORED_ALIKE)? {
            if !is_thorough() && !TELLING.contains(&name.as_str()) {
                continue;
            }
            let source = server.database();
            source.load_file(&file)?;
            let ways = if is_thorough() { ALL_WAYS } else { &[DIVIDED] };
            if let Err(error) = compare(&source, ways) {
                failures.push(format!("{name}: {error:#}"));
            }
        }
        ensure!(failures.is_empty(), "{}", failures.join("\n"));
        Ok(())
    });
}

/// Rows of tables of all sizes, with what COPY leaves out or writes in its own way, and in another encoding.
#[test]
fn rows_of_every_kind() -> Result<()> {
    let options = pgdumprs_testkit::DatabaseOptions {
        encoding: "LATIN1".into(),
        ..Default::default()
    };
    let source = Server::get(Major::REFERENCE).database_with(&options);
    source.execute_sql(
        r"SET client_encoding = 'UTF8';
          CREATE TABLE wide (id int PRIMARY KEY, t text);
          ALTER TABLE wide ALTER t SET STORAGE EXTERNAL;
          INSERT INTO wide SELECT g, repeat('ä\' || chr(10) || g, 60000 * (g % 5)) FROM generate_series(1, 20) g;
          CREATE TABLE many (id int, twice int GENERATED ALWAYS AS (id * 2) STORED, t text);
          INSERT INTO many (id, t) SELECT g, md5(g::text) FROM generate_series(1, 30000) g;
          CREATE INDEX ON many (t);
          CREATE TABLE bare (); INSERT INTO bare DEFAULT VALUES; INSERT INTO bare DEFAULT VALUES;
          CREATE TABLE none (id int);
          CREATE TABLE only_generated (id int GENERATED ALWAYS AS (1) STORED); INSERT INTO only_generated DEFAULT VALUES;
          CREATE TABLE child (id int REFERENCES wide, more text) INHERITS (none); INSERT INTO child SELECT g, NULL FROM generate_series(1, 20) g;
          DO $$ BEGIN
              FOR i IN 1..70 LOOP
                  EXECUTE format('CREATE TABLE small_%s AS SELECT g AS id FROM generate_series(1, %s) g', i, i);
              END LOOP;
          END $$;
          SELECT lo_from_bytea(70000 + g, convert_to(repeat('x' || g, 200000 * (g % 3)), 'UTF8')) FROM generate_series(1, 7) g;
          COMMENT ON LARGE OBJECT 70001 IS 'ö'",
    );
    compare(&source, ALL_WAYS)?;
    let target = source.empty_sibling()?;
    let report = run(clone(&source, &target, DIVIDED)?)?;
    let rows = |name: &str| {
        let of = format!("public.{name}");
        let table = report.restore.tables.iter().find(|table| table.name == of);
        table.map(|table| (table.archived, table.loaded))
    };
    ensure!(rows("many") == Some((Some(30000), 30000)), "{report:#?}");
    ensure!(rows("bare") == Some((Some(2), 2)), "{report:#?}");
    ensure!(rows("none") == Some((Some(0), 0)), "{report:#?}");
    ensure!(report.restore.large_objects == 7, "{report:#?}");
    Ok(())
}

/// Nothing of what both sides need is lost where one of the two is slow to answer: what comes next is asked for ahead of time.
#[test]
fn round_trips_do_not_grow_with_tables() -> Result<()> {
    use std::time::Duration;

    use pgdumprs_testkit::SlowLink;

    let server = Server::get(Major::REFERENCE);
    let trips = |tables: usize| -> Result<(usize, usize)> {
        let (source, target) = (server.database(), server.database());
        source.execute_sql(format!(
            "DO $$ BEGIN FOR i IN 1..{tables} LOOP EXECUTE format('CREATE TABLE t_%s AS SELECT 1 AS id', i); END LOOP; END $$"
        ));
        // Where answers come at once, a busy machine asks one by one what it would have asked together.
        let delay = Duration::from_millis(10);
        let links = [
            SlowLink::open(&server, delay)?,
            SlowLink::open(&server, delay)?,
        ];
        let way = Way {
            jobs: 1,
            part_bytes: 16 << 20,
        };
        let clone = super::over(
            &links[0].conninfo(source.name()),
            &links[1].conninfo(target.name()),
            way,
        )?;
        let report = run(clone)?;
        ensure!(report.end() == CloneEnd::Complete, "{report:#?}");
        Ok((
            links[0].traffic().round_trips,
            links[1].traffic().round_trips,
        ))
    };
    let (few, many) = (trips(32)?, trips(320)?);
    // One more for each batch of tables is what is allowed.
    ensure!(
        many.0 <= few.0 + 20 && many.1 <= few.1 + 20,
        "{few:?} round trips for 32 tables, {many:?} for 320"
    );
    Ok(())
}
