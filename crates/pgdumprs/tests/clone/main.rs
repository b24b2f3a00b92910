//! Clones on real servers: what stock's pg_dump says of the copy is what it says of the source.

mod analyzed;
mod choices;
mod effect;
mod faults;
mod formats;
mod kept;
mod same;
mod struck;
mod upwards;
mod verified;

use std::path::PathBuf;

use anyhow::{Context, Result, ensure};
use pgdumprs::{CloneEnd, CloneError, CloneReport, DatabaseClone};
use pgdumprs_testkit::compare::compare_copy;
use pgdumprs_testkit::{Database, Server, fixture_files, fixtures_dir};

/// Whether there is time for everything.
fn is_thorough() -> bool {
    std::env::var_os("PGDUMPRS_SCALE").is_some()
}

/// How a clone goes about.
#[derive(Clone, Copy, Debug)]
struct Way {
    /// Pairs of connections.
    jobs: usize,
    /// Bytes on disk of a table's part.
    part_bytes: u64,
}

/// One pair of connections; several; several for each table of more than a page.
const ALL_WAYS: &[Way] = &[
    Way {
        jobs: 1,
        part_bytes: 16 << 20,
    },
    Way {
        jobs: 4,
        part_bytes: 16 << 20,
    },
    DIVIDED,
];

const DIVIDED: Way = Way {
    jobs: 4,
    part_bytes: 8192,
};

/// Files whose objects no archive, stock's included, brings back as they were.
const NOT_RESTORED_ALIKE: &[&str] = &[
    "inheritance_column_order",
    "partition_hash_enum",
    "security_label",
];

/// The files of all kinds of objects that a server has, by name, but for some.
fn kinds(server: &Server, left_out: &[&str]) -> Result<Vec<(String, PathBuf)>> {
    let files = fixture_files("kinds", server.major())?.into_iter();
    let named = files.map(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        (name.into_owned(), file)
    });
    Ok(named
        .filter(|(name, _)| name != "00_roles" && !left_out.contains(&name.as_str()))
        .collect())
}

/// Makes the roles that those files need.
fn make_roles(server: &Server) -> Result<()> {
    let roles = fixtures_dir().join("kinds/00_roles.sql");
    server.database().load_file(&roles)
}

/// A clone of one database into another.
fn clone(source: &Database, target: &Database, way: Way) -> Result<DatabaseClone> {
    over(&source.conninfo(), &target.conninfo(), way)
}

/// A clone from one connection string to another.
fn over(source: &str, target: &str, way: Way) -> Result<DatabaseClone> {
    let clone = DatabaseClone::new(source, target)?
        .source(|dump| dump.part_bytes(way.part_bytes))
        .target(|restore| restore.jobs(way.jobs));
    Ok(clone)
}

/// Runs a clone to its end.
fn run(clone: DatabaseClone) -> Result<CloneReport, CloneError> {
    let runtime = tokio::runtime::Runtime::new().expect("there is a runtime");
    runtime.block_on(clone.run())
}

/// Makes sure that a copy is whole.
fn check(source: &Database, target: &Database, report: &CloneReport, how: &str) -> Result<()> {
    ensure!(report.end() == CloneEnd::Complete, "{how}: {report:#?}");
    let comparison = compare_copy(source, target, how)?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

/// Clones a database in each way, and compares.
fn compare(source: &Database, ways: &[Way]) -> Result<()> {
    for &way in ways {
        let target = source.empty_sibling()?;
        let how = format!("{way:?}");
        let report = run(clone(source, &target, way)?).with_context(|| how.clone())?;
        check(source, &target, &report, &how)?;
    }
    Ok(())
}
