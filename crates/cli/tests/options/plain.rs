//! `pgdumprs -Fp` beside `pg_dump -Fp`: the same bytes.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{
    Database, Major, checked_output, fixture_files, for_each_major, reference_pg_dump,
    reference_pg_restore, tool,
};

use crate::support::{pgdumprs, run};

/// Options that say what a script does, and what is in it.
const OPTIONS: &[&str] = &[
    "",
    "-c -C --if-exists --statistics",
    "-O -x -c --column-inserts --rows-per-insert=10",
    "-a --disable-triggers -S boss --enable-row-security",
    "-s -C --use-set-session-authorization --no-tablespaces --no-table-access-method -v",
    // Stock leaves a name unquoted there.
    "--quote-all-identifiers -C -T grandchild -T nn_c --section=pre-data --section=post-data --no-comments",
];

/// The majors whose servers are compared: the oldest, one of those between, and the newest.
const MAJORS: [Major; 3] = [Major::V13, Major::V17, Major::REFERENCE];

/// What a command prints, in lines, but for what differs from one program or one moment to the next.
pub(crate) fn lines(command: &mut Command) -> Result<Vec<Vec<u8>>> {
    let text = checked_output(command)?.stdout;
    let differs = |line: &[u8]| {
        [
            &b"-- Dumped by pg_dump version "[..],
            b"-- Started on ",
            b"-- Completed on ",
            // Dump ids are not stock's.
            b"-- TOC entry ",
            b"-- Dependencies: ",
        ]
        .iter()
        .any(|beginning| line.starts_with(beginning))
    };
    let lines = text.split(|byte| *byte == b'\n').map(<[u8]>::to_vec);
    Ok(lines.filter(|line| !differs(line)).collect())
}

/// Fails with the first lines that differ.
pub(crate) fn ensure_same(what: &str, stock: &[Vec<u8>], ours: &[Vec<u8>]) -> Result<()> {
    let mut both = stock.iter().zip(ours);
    let differs = both.position(|(stock, ours)| stock != ours);
    let number = differs.unwrap_or(stock.len().min(ours.len()));
    let shown = |lines: &[Vec<u8>]| {
        let from = lines.iter().skip(number.saturating_sub(3)).take(8);
        let shown: Vec<_> = from.map(|line| String::from_utf8_lossy(line)).collect();
        shown.join("\n")
    };
    ensure!(
        differs.is_none() && stock.len() == ours.len(),
        "{what}: line {number} differs; stock:\n{}\n\nours:\n{}",
        shown(stock),
        shown(ours)
    );
    Ok(())
}

fn plain(mut command: Command, database: &Database, line: &str) -> Command {
    command
        .args(["-Fp", "--restrict-key=k", "-d", &database.conninfo()])
        .args(line.split_whitespace());
    command
}

/// With stock's own script.
fn compare_with_pg_dump(database: &Database, line: &str) -> Result<()> {
    let stock = lines(&mut plain(reference_pg_dump(), database, line))?;
    let ours = lines(&mut plain(pgdumprs(), database, line))?;
    ensure_same(line, &stock, &ours)
}

/// With the script that stock makes of our archive, in which what is meant to differ from stock differs too.
pub(crate) fn compare_with_archive(database: &Database, folder: &Path, line: &str) -> Result<()> {
    let archive = folder.join("ours.dump");
    checked_output(
        pgdumprs()
            .args([
                "-Fc",
                "-Z1",
                "--archive-version=1.16",
                "-d",
                &database.conninfo(),
                "-f",
            ])
            .arg(&archive)
            .args(line.split_whitespace()),
    )?;
    let of_restore = line
        .split_whitespace()
        .filter(|option| !option.starts_with("--statistics"));
    let stock = lines(
        reference_pg_restore()
            .args(["--restrict-key=k", "-f", "-"])
            .args(of_restore)
            .arg(&archive),
    )?;
    let ours = lines(&mut plain(pgdumprs(), database, line))?;
    ensure_same(line, &stock, &ours)
}

/// All kinds of objects in one database: the fixtures as far as there is room for one beside the other.
#[test]
fn kinds_of_objects() {
    for_each_major(|server| {
        if !MAJORS.contains(&server.major()) {
            return Ok(());
        }
        let folder = tempfile::tempdir()?;
        let database = server.database();
        for file in fixture_files("kinds", server.major())? {
            // Stock labels columns that were dropped, by names that they have not: what it writes does not restore.
            if file.ends_with("security_label.sql") {
                continue;
            }
            // A name that is taken already is an error of one statement, which psql goes on after, or of the rest of the file.
            let mut psql = tool(Major::REFERENCE, "psql");
            run(psql
                .args(["-qX", "-d", &database.conninfo(), "-f"])
                .arg(file));
        }
        if server.major() == Major::REFERENCE {
            for line in OPTIONS {
                compare_with_pg_dump(&database, line)?;
            }
        }
        for line in ["", "-c -C --if-exists"] {
            compare_with_archive(&database, folder.path(), line)?;
        }
        Ok(())
    });
}

/// Each of the fixtures by itself, on every major.
#[test]
fn each_kind_by_itself() {
    if std::env::var_os("PGDUMPRS_SCALE").is_none() {
        println!("left out: takes minutes; PGDUMPRS_SCALE=1 runs it");
        return;
    }
    for_each_major(|server| {
        let folder = tempfile::tempdir()?;
        for (number, file) in fixture_files("kinds", server.major())?.iter().enumerate() {
            let database = server.database();
            // The first creates roles, which all databases share.
            if number > 0 || database.load_file(file).is_ok() {
                database.load_file(file)?;
            }
            if server.major() == Major::REFERENCE {
                compare_with_pg_dump(&database, "-C")?;
            }
            let compared = compare_with_archive(&database, folder.path(), "-c -C");
            compared.with_context(|| file.display().to_string())?;
        }
        Ok(())
    });
}
