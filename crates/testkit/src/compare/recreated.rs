//! F5 for the database itself: what `pg_restore --create` makes of our archive.

use std::process::Command;

use anyhow::{Context, Result};
use tempfile::NamedTempFile;

use super::archive::Archive;
use super::report::{Comparison, Rule};
use super::restored::{Restore, arguments, compare_dumps, dump_of, restore, restorer};
use crate::Database;
use crate::tools::checked_output;

/// What drops the database that the archive names, and makes it anew.
const ANEW: [&str; 2] = ["--clean", "--create"];

/// The database that is connected to while `source` is away.
const OTHER_DATABASE: &str = "postgres";

/// Has pg_restore drop `source` and create it again, one way after the other, and compares a stock dump of each result with one that
/// was made before. The dumps are made with `--create`, so that they hold what is said of the database itself.
pub(super) fn compare(
    source: &Database,
    ours: &Archive,
    ways: &[Restore],
    comparison: &mut Comparison,
) -> Result<()> {
    let before = NamedTempFile::new().context("creating a file for a dump")?;
    checked_output(dump_of(source).arg("--create").arg("-f").arg(before.path()))?;
    let server = source.server();
    let major = restorer(server.major(), ours);
    for &way in ways {
        let (more, rows) = arguments(way);
        let arguments = [&ANEW, more].concat();
        let how = format!("pg_restore {major} {}", arguments.join(" "));
        let restored = restore(ours, server, OTHER_DATABASE, major, &arguments);
        if let Err(error) = restored {
            comparison.difference(Rule::F5, format!("{how}: {error:#}"));
            continue;
        }
        let (mut expected, mut found) = (Command::new("cat"), dump_of(source));
        expected.arg(before.path());
        found.arg("--create");
        compare_dumps(
            &how,
            [server.major(); 2],
            [expected, found],
            rows,
            comparison,
        )?;
    }
    Ok(())
}
