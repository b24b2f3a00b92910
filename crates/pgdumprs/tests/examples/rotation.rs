//! The nightly job keeps what it should.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use jiff::civil::date;
use jiff::tz::TimeZone;
use pgdumprs_testkit::compare::compare_with_stock;
use pgdumprs_testkit::{Database, Major, Server};

use crate::nightly::nightly;

fn run(connection: &str, folder: &Path, keep: u32, night: i8) -> Result<()> {
    let now = date(2026, 11, night)
        .at(3, 0, 0, 0)
        .to_zoned(TimeZone::system())?;
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(nightly(connection, folder, keep, now.timestamp().into()))?;
    Ok(())
}

fn names(folder: &Path) -> Result<BTreeSet<String>> {
    let names =
        std::fs::read_dir(folder)?.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
    names.collect()
}

fn shop() -> Result<Database> {
    let database = Server::try_get(Major::V17)?.database();
    database.try_execute_sql("CREATE TABLE item AS SELECT g FROM generate_series(1, 100) g")?;
    Ok(database)
}

#[test]
fn the_last_few_are_kept_and_nothing_else_is_touched() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    let others = [
        "backup-before-migration.dump",
        "backup-2020-01-01.dump",
        "backup-2020-01-01T03-00-00.dump.gz",
        "backup-2020-1-1T3-0-0.dump",
        "other-2020-01-01T03-00-00.dump",
    ];
    for name in others {
        std::fs::write(folder.path().join(name), "not ours")?;
    }
    std::fs::create_dir(folder.path().join("backup-2020-01-02T03-00-00.dump"))?;
    let mut expected: BTreeSet<String> = others.map(str::to_owned).into();
    expected.insert("backup-2020-01-02T03-00-00.dump".to_owned());

    for night in 1..=5 {
        run(&database.conninfo(), folder.path(), 3, night)?;
    }
    for night in 3..=5 {
        expected.insert(format!("backup-2026-11-0{night}T03-00-00.dump"));
    }
    ensure!(
        names(folder.path())? == expected,
        "{:?}",
        names(folder.path())?
    );
    let newest = folder.path().join("backup-2026-11-05T03-00-00.dump");
    compare_with_stock(&database, &newest, &["--compress=zstd"])?.assert_same();
    Ok(())
}

#[test]
fn a_night_that_fails_costs_no_backup() -> Result<()> {
    let database = shop()?;
    let folder = tempfile::tempdir()?;
    for night in 1..=2 {
        run(&database.conninfo(), folder.path(), 2, night)?;
    }
    let before = names(folder.path())?;
    let error = run(
        &database.server().conninfo("no_such_database"),
        folder.path(),
        1,
        3,
    )
    .err()
    .context("the night succeeds")?;
    ensure!(format!("{error:#}").contains("3D000"), "{error:#}");
    ensure!(run(&database.conninfo(), folder.path(), 0, 3).is_err());
    ensure!(names(folder.path())? == before);
    Ok(())
}
