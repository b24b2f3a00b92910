//! Runs stock and ours with the same arguments.

use std::process::{Command, Output};

use pgdumprs_testkit::compare::compare_archives;
use pgdumprs_testkit::{Database, reference_pg_dump};

use crate::support::{pgdumprs, run};

/// Runs both with `arguments`, which must succeed, and compares the archives.
///
/// Ours is of stock's own archive version, so that nothing may differ.
pub(crate) fn same(database: &Database, arguments: &[&str]) {
    let folder = tempfile::tempdir().unwrap();
    let stock = folder.path().join("stock.dump");
    let ours = folder.path().join("ours.dump");
    let with = |mut command: Command, file| {
        command
            .arg("-Fc")
            .args(arguments)
            .arg("-f")
            .arg(file)
            .args(["-d", &database.conninfo()]);
        let output = run(&mut command);
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{command:?}: {said}");
    };
    with(reference_pg_dump(), &stock);
    let mut command = pgdumprs();
    command.arg("--archive-version=1.16");
    with(command, &ours);
    let comparison = compare_archives(&stock, &ours).unwrap();
    assert!(comparison.is_same(), "{arguments:?}:\n{comparison}");
}

/// Runs both with each line's arguments.
pub(crate) fn all_same(database: &Database, lines: &[&str]) {
    for line in lines {
        same(database, &line.split_whitespace().collect::<Vec<_>>());
    }
}

/// Runs both with `arguments`, which both must refuse, and returns the lines they say, without the program's name.
pub(crate) fn refusals(dbname: &str, arguments: &[&str]) -> (String, String) {
    let with = |mut command: Command, program: &str| {
        command.arg("-Fc").args(arguments).args(["-d", dbname]);
        let output: Output = run(&mut command);
        assert_eq!(output.status.code(), Some(1), "{command:?}");
        assert!(output.stdout.is_empty(), "{command:?} wrote an archive");
        let said = String::from_utf8(output.stderr).unwrap();
        let first = said.lines().next().unwrap_or_default();
        let prefix = format!("{program}: error: ");
        match first.strip_prefix(&prefix) {
            Some(line) => line.to_owned(),
            None => panic!("{command:?}: {said}"),
        }
    };
    (
        with(reference_pg_dump(), "pg_dump"),
        with(pgdumprs(), "pgdumprs"),
    )
}

/// Runs both with each line's arguments, which both must refuse in the same words, before they connect anywhere.
pub(crate) fn all_conflict(lines: &[&str]) {
    for line in lines {
        let arguments: Vec<_> = line.split_whitespace().collect();
        let (stock, ours) = refusals("host=/nowhere", &arguments);
        assert_eq!(stock, ours, "{line}");
    }
}
