//! What the tests against stock pg_dump share.

use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{ArchiveVersion, Dump};
use pgdumprs_testkit::Database;
use pgdumprs_testkit::compare::{Restore, compare_archives, compare_restored, stock_archive};

/// Both ways of restoring.
pub(crate) const ALL_WAYS: &[Restore] = &[Restore::Serial, Restore::Parallel];

/// Dumps `database` with and without room for all that stock says, and compares both with stock's dump.
pub(crate) fn compare(database: &Database, restores: &[Restore]) -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for archives")?;
    let path = |name: &str| folder.path().join(name);
    stock_archive(database, &path("stock.dump"), &[])?;

    // What users get: the lowest archive version. Restored, since it is what they will restore.
    dump(database, None, &path("default.dump"))?;
    let mut comparison = compare_archives(&path("stock.dump"), &path("default.dump"))?;
    comparison.append(compare_restored(database, &path("default.dump"), restores)?);
    ensure!(
        comparison.is_same(),
        "at the default archive version:\n{comparison}"
    );

    // What stock wrote: here nothing may differ at all.
    dump(database, Some(ArchiveVersion::V1_16), &path("newest.dump"))?;
    let comparison = compare_archives(&path("stock.dump"), &path("newest.dump"))?;
    ensure!(
        comparison.is_same(),
        "at archive version 1.16:\n{comparison}"
    );
    Ok(())
}

/// Dumps `database` as superuser.
pub(crate) fn dump(
    database: &Database,
    version: Option<ArchiveVersion>,
    path: &Path,
) -> Result<()> {
    let runtime = tokio::runtime::Runtime::new()?;
    let mut dump = Dump::new(&database.conninfo())?;
    if let Some(version) = version {
        dump = dump.archive_version(version);
    }
    runtime
        .block_on(dump.to_file(path))
        .context("dumping with pgdumprs")?;
    Ok(())
}
