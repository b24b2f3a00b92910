//! F5: what stock pg_restore makes of our archive.

use std::process::{Command, Stdio};

use anyhow::{Result, bail};
use pgdumprs_archive::{ArchiveVersion, Compression};

use super::archive::Archive;
use super::difference::readable;
use super::output::{self, Author, Rows};
use super::refused;
use super::report::{Comparison, Rule};
use super::script::differs_by_nature;
use crate::tools::{checked_output, reference_pg_dump, restoring_major, tool};
use crate::{Database, Major, Server};

/// How pg_restore is run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Restore {
    /// One entry after the other. The order of rows is not compared: a table that is filled outside the transaction that
    /// made it may get later rows into free space on earlier pages, whoever wrote the archive.
    Serial,
    /// With `--jobs=4`. The order of rows is compared too.
    Parallel,
}

/// What pg_restore is told, and whether the order of rows is kept.
pub(super) fn arguments(way: Restore) -> (&'static [&'static str], Rows) {
    match way {
        Restore::Serial => (&[], Rows::Sorted),
        Restore::Parallel => (&["--jobs=4"], Rows::AsTheyCome),
    }
}

/// Restores one way after the other and compares a stock dump of each result with one of `source`.
pub(super) fn compare(
    source: &Database,
    ours: &Archive,
    ways: &[Restore],
    comparison: &mut Comparison,
) -> Result<()> {
    let major = restorer(source.server().major(), ours);
    for &way in ways {
        let (arguments, rows) = arguments(way);
        let how = format!("pg_restore {major} {}", arguments.join(" "));
        let how = how.trim_end();
        let target = source.empty_sibling()?;
        match restore(ours, target.server(), target.name(), major, arguments) {
            Err(error) => comparison.difference(Rule::F5, format!("{how}: {error:#}")),
            Ok(()) => {
                let dumps = [dump_of(source), dump_of(&target)];
                let majors = [source.server().major(); 2];
                compare_dumps(how, majors, dumps, rows, comparison)?;
            }
        }
    }
    Ok(())
}

/// Compares what two commands print: a dump of what should have been restored with one of what was, of servers of these majors. Where they
/// are not the same, the line that names the server's version differs.
///
/// Before 19 a function's setting that is an empty list becomes one of an empty name, for which see `refused`.
pub(super) fn compare_dumps(
    how: &str,
    [major, restored]: [Major; 2],
    [mut expected, mut found]: [Command; 2],
    rows: Rows,
    comparison: &mut Comparison,
) -> Result<()> {
    let read_as = |line: Vec<u8>| {
        let names_version = line.starts_with(b"-- Dumped from database version ");
        if differs_by_nature(&line) || names_version && restored != major {
            return None;
        }
        let restated = line
            .strip_suffix(b"\n")
            .filter(|_| major.number() < 19)
            .and_then(refused::with_one_name);
        Some(restated.map_or(line, |mut restated| {
            restated.push(b'\n');
            restated
        }))
    };
    let shown = output::compare(&mut expected, &mut found, Author::Stock, rows, read_as)?;
    if let Some(shown) = shown {
        comparison.difference(Rule::F5, format!("{how}: {shown}"));
    }
    Ok(())
}

pub(super) fn restore(
    ours: &Archive,
    server: &Server,
    database: &str,
    major: Major,
    arguments: &[&str],
) -> Result<()> {
    let mut command = tool(major, "pg_restore");
    command
        .args(["--dbname", &server.conninfo(database)])
        .args(arguments)
        .arg(ours.path());
    if !is_refused_once(major, server.major()) {
        checked_output(command.arg("--exit-on-error"))?;
        return Ok(());
    }
    let output = command.stdin(Stdio::null()).output()?;
    let said = readable(&output.stderr);
    let others = said
        .lines()
        .filter(|line| line.contains("error: ") && !is_its_own(line, major, server.major()));
    let own_end = output.status.code() == Some(1) && said.contains("errors ignored on restore: ");
    if others.count() > 0 || !(output.status.success() || own_end) {
        bail!("{}:\n{said}", output.status);
    }
    Ok(())
}

/// Whether pg_restore of a major meets an error on a server, whoever wrote the archive: since 17 it sets a parameter, new in 17, on every
/// server. An older one refuses, so there no restore can stop at the first error.
fn is_refused_once(restorer: Major, server: Major) -> bool {
    restorer >= Major::V17 && server < Major::V17
}

/// Whether an error is that one.
pub(super) fn is_its_own(error: &str, restorer: Major, server: Major) -> bool {
    is_refused_once(restorer, server) && error.contains("\"transaction_timeout\"")
}

pub(super) fn dump_of(database: &Database) -> Command {
    let mut command = reference_pg_dump();
    command.args(["--dbname", &database.conninfo()]);
    command
}

/// pg_restore of the server's own major, or the lowest newer one that can read this archive.
pub(super) fn restorer(server: Major, archive: &Archive) -> Major {
    let reads_version = match archive.header().version {
        ArchiveVersion::V1_16 => Major::V17,
        ArchiveVersion::V1_15 => Major::V16,
        _ => Major::V13,
    };
    let reads_compression = match archive.header().compression {
        Compression::None | Compression::Gzip { .. } => Major::V13,
        // 16 knows the other methods, but its tools to be had were built without them.
        _ => Major::V17,
    };
    restoring_major(server.max(reads_version).max(reads_compression))
}
