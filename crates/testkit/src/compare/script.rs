//! F1: the text that pg_restore prints.

use std::io::Write;
use std::process::Command;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::archive::Archive;
use super::output::{self, Author, Rows};
use super::report::{Comparison, Rule};
use super::version_gap::VersionGap;
use crate::tools::reference_pg_restore;

/// Compares the scripts that the reference pg_restore makes of both archives.
pub(super) fn compare(
    stock: &Archive,
    ours: &Archive,
    gap: VersionGap,
    comparison: &mut Comparison,
) -> Result<()> {
    let stock_list = entry_list(stock, gap)?;
    let our_list = entry_list(ours, gap)?;
    let shown = output::compare(
        &mut script_of(stock, stock_list.as_ref()),
        &mut script_of(ours, our_list.as_ref()),
        Author::Ours,
        Rows::AsTheyCome,
        |line| {
            let hidden = differs_by_nature(&line) || gap.hides_line(&line, stock);
            (!hidden).then_some(line)
        },
    );
    match shown {
        Ok(None) => {}
        Ok(Some(shown)) => comparison.difference(Rule::F1, shown),
        Err(error) => comparison.difference(Rule::F1, format!("{error:#}")),
    }
    Ok(())
}

fn script_of(archive: &Archive, list: Option<&NamedTempFile>) -> Command {
    let mut command = reference_pg_restore();
    command.arg("--file=-");
    if let Some(list) = list {
        command.arg("--use-list").arg(list.path());
    }
    command.arg(archive.path());
    command
}

/// Across a version gap, a list for pg_restore of the entries that both versions can hold, in the
/// archive's own order; otherwise all entries take part and no list is needed.
fn entry_list(archive: &Archive, gap: VersionGap) -> Result<Option<NamedTempFile>> {
    if !gap.exists() {
        return Ok(None);
    }
    let mut file = NamedTempFile::new().context("creating a list of entries")?;
    for entry in archive.entries().iter().filter(|entry| gap.compares(entry)) {
        writeln!(file, "{};", entry.dump_id)?;
    }
    file.flush()?;
    Ok(Some(file))
}

/// Lines that hold a time, the dumping program's version or a random key.
pub(super) fn differs_by_nature(line: &[u8]) -> bool {
    const STARTS: [&[u8]; 6] = [
        b"-- Dumped from database version",
        b"-- Dumped by pg_dump version",
        b"-- Started on ",
        b"-- Completed on ",
        b"\\restrict ",
        b"\\unrestrict ",
    ];
    STARTS.iter().any(|start| line.starts_with(start))
}
