//! Archives restored by us, beside what stock's `pg_restore` makes of them: the same databases, whatever fails on the way.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Restore, RestoreReport};
use pgdumprs_testkit::compare::compare_copy;
use pgdumprs_testkit::{Database, reference_pg_restore};

/// How both restore.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Way {
    /// Over so many connections.
    pub(crate) jobs: usize,
    /// Ours is given the archive through a pipe, from which stock's cannot restore over several connections.
    pub(crate) piped: bool,
}

/// Restores an archive into an empty database by stock and into another by us, and compares stock dumps of what is there then. Returns
/// whether it did: where over several connections stock meets errors that it does not meet over one, what fails is a matter of time.
///
/// # Errors
/// Where the databases differ, or other entries fail.
pub(crate) fn compare(
    theirs: &Database,
    ours: &Database,
    archive: &Path,
    way: Way,
) -> Result<bool> {
    let failed_there = by_stock(theirs, archive, way.jobs)?;
    if way.jobs > 1 && !failed_there.is_empty() {
        let serial = by_stock(&theirs.empty_sibling()?, archive, 1)?;
        if !serial.keys().eq(failed_there.keys()) {
            return Ok(false);
        }
    }
    let report = by_us(ours, archive, way)?;
    let mut failed_here: BTreeMap<i32, String> = BTreeMap::new();
    for failure in &report.failures {
        if let Some(dump_id) = failure.dump_id {
            failed_here
                .entry(dump_id)
                .or_insert_with(|| format!("{failure:?}"));
        }
    }
    for (dump_id, failure) in &failed_here {
        ensure!(
            failed_there.contains_key(dump_id),
            "only here fails {failure}"
        );
    }
    for (dump_id, said) in &failed_there {
        ensure!(
            failed_here.contains_key(dump_id),
            "only with stock fails {said}"
        );
    }
    let comparison = compare_copy(theirs, ours, &format!("{way:?}"))?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(true)
}

/// The entries that fail, and what is said of each.
fn by_stock(target: &Database, archive: &Path, jobs: usize) -> Result<BTreeMap<i32, String>> {
    let output = reference_pg_restore()
        .args(["-v", "-d", &target.conninfo()])
        .arg(format!("--jobs={jobs}"))
        .arg(archive)
        .output()
        .context("running pg_restore")?;
    let said = String::from_utf8_lossy(&output.stderr);
    let entries = said.split("\npg_restore: from TOC entry ").skip(1);
    entries
        // What a parallel restore tells its later connections on a server before 17 is not the entry's.
        .filter(|rest| {
            let mut errors = rest.split("pg_restore: error: ").skip(1);
            errors.any(|error| !error.contains("\"transaction_timeout\""))
        })
        .map(|rest| {
            let number = rest.split(';').next().unwrap_or_default();
            let end = rest.find("\npg_restore: executing").unwrap_or(rest.len());
            let number = number.parse().with_context(|| rest.to_owned())?;
            Ok((number, rest[..end].to_owned()))
        })
        .collect()
}

fn by_us(target: &Database, archive: &Path, way: Way) -> Result<RestoreReport> {
    let restore = Restore::new(&target.conninfo())?
        .jobs(way.jobs)
        .share_tables_from(0)
        .regardless(true);
    let runtime = tokio::runtime::Runtime::new()?;
    let report = match way.piped {
        true => runtime.block_on(restore.from_std_reader(File::open(archive)?)),
        false => runtime.block_on(restore.from_file(archive)),
    };
    report.context("restoring by us")
}
