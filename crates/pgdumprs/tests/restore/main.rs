//! Restores by pgdumprs on real servers: what stock's pg_dump says of the copy is what it says of the source.

mod adapted;
mod concerns;
mod conflicts;
mod created;
mod effect;
mod elsewhere;
mod faults;
mod hostile;
mod hosts;
mod lost;
mod one_server;
mod order;
mod planned;
mod refused;
mod restarted;
mod shared;

use std::fs::File;
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
    /// The archive is read front to back.
    piped: bool,
}

/// One connection; several; the same from a pipe; several for each table, also from a pipe.
const ALL_WAYS: &[Way] = &[
    SERIAL,
    Way {
        jobs: 4,
        shares: false,
        piped: false,
    },
    Way {
        jobs: 4,
        shares: false,
        piped: true,
    },
    Way {
        jobs: 4,
        shares: true,
        piped: true,
    },
    SHARED,
];

/// One connection.
const SERIAL: Way = Way {
    jobs: 1,
    shares: false,
    piped: false,
};

/// Several connections for each table.
const SHARED: Way = Way {
    jobs: 4,
    shares: true,
    piped: false,
};

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

/// Runs a restore to its end, of an archive that is read front to back where the way is such.
fn run_in(way: Way, restore: Restore, archive: &Path) -> Result<RestoreReport> {
    if !way.piped {
        return run(restore, archive);
    }
    let runtime = tokio::runtime::Runtime::new()?;
    let archive = File::open(archive)?;
    runtime
        .block_on(restore.from_std_reader(archive))
        .context("restoring from a pipe")
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
        let report = run_in(way, into(&target, way)?, archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{way:?}: {report:#?}");
        let comparison = compare_copy(source, &target, &format!("{way:?}"))?;
        ensure!(comparison.is_same(), "{comparison}");
    }
    Ok(())
}
