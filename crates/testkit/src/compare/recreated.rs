//! F5 for the database itself: what `pg_restore --create` makes of our archive.

use std::process::Command;

use anyhow::{Context, Result, bail};
use bstr::ByteSlice;
use tempfile::NamedTempFile;

use super::archive::Archive;
use super::difference::readable;
use super::report::{Comparison, Rule};
use super::restored::{Restore, arguments, compare_dumps, dump_of, restore, restorer};
use crate::tools::{checked_output, run_script, tool};
use crate::{Database, Major, Server};

/// What drops the database that the archive names, and makes it anew.
const ANEW: [&str; 2] = ["--clean", "--create"];

/// What pg_dump 18 writes into CREATE DATABASE for every server, and servers before 15 do not know: there, `pg_restore --create`
/// fails, whoever wrote the archive.
const NEW_IN_15: &[u8] = b" LOCALE_PROVIDER = libc";

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
    let knows_all = server.major() >= Major::V15;
    let ways = if knows_all {
        ways
    } else {
        comparison.note("restored by psql, since the server does not know LOCALE_PROVIDER");
        &[Restore::Serial]
    };
    for &way in ways {
        let (more, rows) = arguments(way);
        let arguments = [&ANEW, more].concat();
        let how = format!("pg_restore {major} {}", arguments.join(" "));
        let restored = if knows_all {
            restore(ours, server, OTHER_DATABASE, major, &arguments)
        } else {
            run_without_what_is_new(ours, server, major)
        };
        if let Err(error) = restored {
            comparison.difference(Rule::F5, format!("{how}: {error:#}"));
            continue;
        }
        let (mut expected, mut found) = (Command::new("cat"), dump_of(source));
        expected.arg(before.path());
        found.arg("--create");
        compare_dumps(&how, [expected, found], rows, comparison)?;
    }
    Ok(())
}

/// Runs the script that pg_restore would, but for [`NEW_IN_15`].
fn run_without_what_is_new(ours: &Archive, server: &Server, major: Major) -> Result<()> {
    let mut command = tool(major, "pg_restore");
    let script = checked_output(command.args(ANEW).args(["-f", "-"]).arg(ours.path()))?.stdout;
    let known = script.replacen(NEW_IN_15, b"", 1);
    let output = run_script(&mut server.psql(OTHER_DATABASE)?, &known)?;
    if !output.status.success() {
        bail!("{}:\n{}", output.status, readable(&output.stderr));
    }
    Ok(())
}
