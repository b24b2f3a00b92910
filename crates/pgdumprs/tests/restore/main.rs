//! Restores by pgdumprs on real servers: what stock's pg_dump says of the copy is what it says of the source.

mod effect;
mod faults;
mod lost;
mod planned;
mod refused;

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, Restore, RestoreEnd, RestoreReport};
use pgdumprs_testkit::Database;
use pgdumprs_testkit::compare::compare_copy;

/// How a restore goes about.
#[derive(Clone, Copy, Debug)]
struct Way {
    jobs: usize,
    /// Tables of any size are loaded over several connections.
    shares: bool,
}

/// One connection; several; several for each table.
const ALL_WAYS: &[Way] = &[
    Way {
        jobs: 1,
        shares: false,
    },
    Way {
        jobs: 4,
        shares: false,
    },
    Way {
        jobs: 4,
        shares: true,
    },
];

/// A restore into a database.
fn into(target: &Database, way: Way) -> Result<Restore> {
    let restore = Restore::new(&target.conninfo())?.jobs(way.jobs);
    Ok(match way.shares {
        true => restore.share_tables_from(0),
        false => restore,
    })
}

/// Runs a restore to its end.
fn run(restore: Restore, archive: &Path) -> Result<RestoreReport> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime
        .block_on(restore.from_file(archive))
        .context("restoring")
}

/// Dumps a database.
fn dump(source: &Database, archive: &Path) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    runtime
        .block_on(Dump::new(&source.conninfo())?.to_file(archive))
        .context("dumping")?;
    Ok(())
}

/// Restores an archive of `source` in each way, and compares.
fn compare(source: &Database, archive: &Path, ways: &[Way]) -> Result<()> {
    for &way in ways {
        let target = source.empty_sibling()?;
        let report = run(into(&target, way)?, archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{way:?}: {report:#?}");
        let comparison = compare_copy(source, &target, &format!("{way:?}"))?;
        ensure!(comparison.is_same(), "{comparison}");
    }
    Ok(())
}
