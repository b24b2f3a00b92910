//! Compares an archive of ours with stock's, rule by rule, and says what differs like a review.
//!
//! The rules are the design's. With stock pg_dump and pg_restore of the reference major:
//!
//! - **F1** `pg_restore -f -` prints the same text for both archives;
//! - **F2** the tables of contents agree entry by entry and in order;
//! - **F3** so do the entries' dependencies, once dump ids are mapped; ours name descendants too, see `descendants`;
//! - **F4** the data are the same bytes;
//! - **F5** ours restores into an empty database, also in parallel, and a stock dump of that equals
//!   a stock dump of the source.
//!
//! First of all, what is dumped from a server restores into one of the same major. Where stock writes what that server refuses, ours
//! has to say the same in words that it takes: `refused` works them out from stock's archive, and the rules above compare with that.
//!
//! An archive older than 1.16 cannot say everything that stock's can. What it cannot say is compared
//! in another way or, where there is none, noted in the report: see `version_gap`.

mod alignment;
mod archive;
mod data;
mod dependencies;
mod descendants;
mod difference;
mod entries;
mod fields;
mod internal_options;
mod large_objects;
mod output;
mod recreated;
mod refused;
mod renumbered;
mod report;
mod restated;
mod restored;
mod script;
mod sql;
mod tolerated;
mod unsaid;
mod version_gap;

pub use internal_options::without_internal_options;
pub use report::{Comparison, Rule};
pub use restored::Restore;
pub use tolerated::Tolerated;

use std::path::Path;

use anyhow::{Context, Result};

use crate::tools::{checked_output, try_tool};
use crate::{Database, Major};
use alignment::Alignment;
use archive::Archive;
use version_gap::VersionGap;

/// Writes stock's archive of a database: the reference `pg_dump -Fc` with more arguments.
///
/// # Errors
///
/// When pg_dump fails, with its message.
pub fn stock_archive(database: &Database, archive: &Path, arguments: &[&str]) -> Result<()> {
    stock_archive_by(Major::REFERENCE, database, archive, arguments)
}

/// Writes the archive that `pg_dump` of a major makes of a database, which is of this major or an older one.
///
/// # Errors
///
/// When there is no such pg_dump or it fails, with its message.
pub fn stock_archive_by(
    major: Major,
    database: &Database,
    archive: &Path,
    arguments: &[&str],
) -> Result<()> {
    let mut command = try_tool(major, "pg_dump")?;
    command
        .args([
            "--format=custom",
            "--dbname",
            &database.conninfo(),
            "--file",
        ])
        .arg(archive)
        .args(arguments);
    checked_output(&mut command)?;
    Ok(())
}

/// The descriptors of an archive's entries, in the entries' order.
///
/// # Errors
///
/// When the archive cannot be read.
pub fn descriptors(archive: &Path) -> Result<Vec<String>> {
    let archive = Archive::open(archive)?;
    Ok(archive
        .entries()
        .iter()
        .map(|entry| entry.descriptor.to_string())
        .collect())
}

/// Compares two archives by F1 to F4.
///
/// # Errors
///
/// When an archive cannot be read or pg_restore cannot be run. Differences are no errors.
pub fn compare_archives(stock: &Path, ours: &Path) -> Result<Comparison> {
    let stock = Archive::open(stock).context("stock's archive")?;
    let ours = Archive::open(ours).context("our archive")?;
    let gap = VersionGap::between(&stock, &ours);
    let mut comparison = Comparison::new(&stock, &ours);
    let mut ours = restated::as_said_by_the_writer_of(&stock, ours, &mut comparison)?;
    let mut stock = restated::of(stock, &ours, &mut comparison)?;
    let alignment = Alignment::of(&stock, &ours, gap);

    script::compare(&stock, &ours, gap, &mut comparison)?;
    entries::compare(&stock, &ours, &alignment, gap, &mut comparison);
    dependencies::compare(&stock, &ours, &alignment, gap, &mut comparison);
    if gap.exists() {
        large_objects::compare_described(&stock, &ours, &mut comparison);
    }
    data::compare(&mut stock, &mut ours, &alignment, &mut comparison)?;
    large_objects::compare_data(&mut stock, &mut ours, &mut comparison)?;
    Ok(comparison)
}

/// Restores our archive of `source` into empty databases of the same server, in each of the given `ways`, and compares
/// by F5.
///
/// # Errors
///
/// When the archive cannot be read or a database cannot be dumped. A restore that fails is a
/// difference and no error.
pub fn compare_restored(source: &Database, ours: &Path, ways: &[Restore]) -> Result<Comparison> {
    let archive = Archive::open(ours).context("our archive")?;
    let mut comparison = Comparison::of_restored(source, &archive);
    restored::compare(source, &archive, ways, &mut comparison)?;
    Ok(comparison)
}

/// Compares a stock dump of `copy`, which was made of `source` in the way that `how` names, with one of `source`; rows in any order.
///
/// # Errors
///
/// When a database cannot be dumped. Differences are no errors.
pub fn compare_copy(source: &Database, copy: &Database, how: &str) -> Result<Comparison> {
    let mut comparison = Comparison::of_copy(source, copy);
    let dumps = [restored::dump_of(source), restored::dump_of(copy)];
    let majors = [source.server().major(), copy.server().major()];
    restored::compare_dumps(how, majors, dumps, output::Rows::Sorted, &mut comparison)?;
    Ok(comparison)
}

/// Compares the rows and large objects of two databases as stock dumps them, rows in any order. The servers may be of different majors.
///
/// # Errors
///
/// When a database cannot be dumped. Differences are no errors.
pub fn compare_rows(source: &Database, copy: &Database, how: &str) -> Result<Comparison> {
    let mut comparison = Comparison::of_copy(source, copy);
    let dumps = [source, copy].map(|database| {
        let mut dump = restored::dump_of(database);
        dump.arg("--data-only");
        dump
    });
    let majors = [source, copy].map(|database| database.server().major());
    restored::compare_dumps(how, majors, dumps, output::Rows::Sorted, &mut comparison)?;
    Ok(comparison)
}

/// Restores our archive of `source`, a database that no archive brings back whole, into an empty database of the same server, and
/// compares what of F5 can be: entries fail only as those of stock's archive do, and what is restored is as it was, or as stock's
/// archive restores it.
///
/// # Errors
///
/// When the archive cannot be read or pg_restore cannot be run. Differences are no errors.
pub fn compare_tolerated(
    source: &Database,
    stock: &Path,
    ours: &Path,
) -> Result<(Comparison, Tolerated)> {
    let stock = Archive::open(stock).context("stock's archive")?;
    let ours = Archive::open(ours).context("our archive")?;
    let mut comparison = Comparison::of_restored(source, &ours);
    let tolerated = tolerated::compare(source, stock, &ours, &mut comparison)?;
    Ok((comparison, tolerated))
}

/// Has pg_restore drop `source` and create it again from our archive (`--clean --create`), in each of the given `ways`, and compares
/// by F5, the properties of the database itself included.
///
/// # Errors
///
/// Like [`compare_restored`].
pub fn compare_recreated(source: &Database, ours: &Path, ways: &[Restore]) -> Result<Comparison> {
    let archive = Archive::open(ours).context("our archive")?;
    let mut comparison = Comparison::of_restored(source, &archive);
    recreated::compare(source, &archive, ways, &mut comparison)?;
    Ok(comparison)
}

/// Compares our archive of `source` by all rules; stock's is made here, with the same `arguments`
/// to pg_dump that ours was made with.
///
/// # Errors
///
/// Like [`stock_archive`], [`compare_archives`] and [`compare_restored`].
pub fn compare_with_stock(
    source: &Database,
    ours: &Path,
    arguments: &[&str],
) -> Result<Comparison> {
    let folder = tempfile::tempdir().context("creating a folder for stock's archive")?;
    let stock = folder.path().join("stock.dump");
    stock_archive(source, &stock, arguments)?;
    let mut comparison = compare_archives(&stock, ours)?;
    let ways = [Restore::Serial, Restore::Parallel];
    comparison.append(compare_restored(source, ours, &ways)?);
    Ok(comparison)
}
