//! Databases that the restore itself makes, while connections are lost.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreOptions};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{
    Database, Fault, LARGE_OBJECTS, Server, SlowLink, delicate_database, for_each_major_at_scale,
};

use super::lost::check;
use super::{ALL_WAYS, SERIAL, Way, dump, run_in};

const SEED: u64 = 41;

/// Rows of the largest table.
const ROWS: u32 = 3000;

#[test]
fn a_new_database_is_gone_on_with() {
    for_each_major_at_scale(goes_on_in_a_new_database);
}

/// A restore that makes the database, and drops the one of its name where there is one.
fn restore(conninfo: &str, way: Way, clean: bool) -> Result<Restore> {
    let options = RestoreOptions {
        create: true,
        clean,
        if_exists: clean,
        ..RestoreOptions::default()
    };
    let restore = Restore::new(conninfo)?.jobs(way.jobs).options(options);
    Ok(match way.shares {
        true => restore.share_tables_from(0),
        false => restore,
    })
}

/// The source goes, and comes back from its archive: a copy of it says what it was.
fn goes_on_in_a_new_database(server: &Server) -> Result<()> {
    let (points, ways): (_, &[Way]) = match std::env::var_os("PGDUMPRS_SCALE") {
        Some(_) => (10, ALL_WAYS),
        None => (2, &[SERIAL, ALL_WAYS[3]]),
    };
    let source = delicate_database(server, ROWS);
    source.execute_sql(format!(
        "COMMENT ON DATABASE {0} IS 'made'; ALTER DATABASE {0} SET work_mem = '8MB'",
        source.name()
    ));
    let folder = tempfile::tempdir()?;
    let (archive, journal) = (folder.path().join("a.dump"), folder.path().join("journal"));
    dump(&source, &archive)?;
    let copy = copy_of(&source, &archive)?;
    let beside = server.database();
    let (mut resumed, mut complete) = (0, 0);
    for &way in ways {
        let link = SlowLink::open(server, Duration::ZERO)?;
        run_in(
            way,
            restore(&link.conninfo("postgres"), way, true)?,
            &archive,
        )?;
        let bytes = usize::try_from(link.bytes())?;
        for (turn, after) in random_numbers(SEED, points, bytes).into_iter().enumerate() {
            let fault = [Fault::CutAll, Fault::Cut][turn % 2];
            let clean = turn % 4 < 2;
            let what = format!("{way:?}, {fault:?} after {after} of {bytes} bytes, clean: {clean}");
            if !clean {
                beside.execute_sql(format!("DROP DATABASE IF EXISTS {}", source.name()));
            }
            let link = SlowLink::open(server, Duration::ZERO)?;
            link.fail_after(u64::try_from(after)?, fault);
            let first = restore(&link.conninfo("postgres"), way, clean)?
                .patience(Duration::from_millis(100))
                .journal(&journal);
            let mut report = match run_in(way, first, &archive) {
                Ok(report) => report,
                // It could not begin.
                Err(_) => continue,
            };
            if report.end() == RestoreEnd::Complete {
                complete += 1;
            } else if journal.exists() {
                resumed += 1;
                let again = restore(&server.conninfo("postgres"), way, clean)?
                    .journal(&journal)
                    .resume(true);
                report =
                    run_in(way, again, &archive).with_context(|| format!("{what}: {report:#?}"))?;
            }
            ensure!(!journal.exists(), "{what}: {report:#?}");
            check(&copy, &source, &report).with_context(|| what.clone())?;
            let set = source.psql("SELECT setconfig FROM pg_db_role_setting JOIN pg_database d ON d.oid = setdatabase WHERE datname = current_database()");
            ensure!(set == "{work_mem=8MB}", "{what}: {set}");
        }
    }
    println!(
        "{}: {resumed} gone on with, {complete} complete at once",
        server.major()
    );
    Ok(())
}

/// A database with what the archive holds.
fn copy_of(source: &Database, archive: &std::path::Path) -> Result<Database> {
    let copy = source.empty_sibling()?;
    let report = run_in(SERIAL, super::into(&copy, SERIAL)?, archive)?;
    ensure!(report.large_objects == LARGE_OBJECTS, "{report:#?}");
    Ok(copy)
}
