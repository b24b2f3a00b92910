//! Archives of older servers on newer ones: the database is the one that stock's `pg_restore` makes of them. A newer server may say
//! definitions and values in other words than the source, so that the source itself is compared in the rows of the sample database alone.

#[path = "support/by_both.rs"]
mod by_both;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use bstr::ByteSlice;
use pgdumprs::Dump;
use pgdumprs_archive::Reader;
use pgdumprs_testkit::compare::{compare_rows, stock_archive};
use pgdumprs_testkit::{Database, Major, Server, fixture_files, fixtures_dir};

use by_both::Way;

/// Files that bring much together, for every run.
const TELLING: &[&str] = &["data", "large_object", "loops", "partition"];

/// Its rows go into partitions that depend on the numbers of a type's values, which a restore makes anew.
const NOT_RESTORED_ALIKE: &str = "partition_hash_enum";

/// Who writes an archive, in which format, and how it is restored, in turn.
const WAYS: &[(Option<&str>, Way)] = &[
    (Some("-Fc"), PARALLEL),
    (None, SERIAL),
    (Some("-Fd"), SERIAL),
    (None, PIPED),
    (Some("-Ft"), SERIAL),
    (Some("-Fc"), PIPED),
    (None, PARALLEL),
];
const SERIAL: Way = Way {
    jobs: 1,
    piped: false,
};
const PARALLEL: Way = Way {
    jobs: 4,
    piped: false,
};
const PIPED: Way = Way {
    jobs: 4,
    piped: true,
};

/// By default from the oldest major to the newest, and else from each to each newer one.
#[test]
fn a_newer_server_gets_what_stock_gives_it() -> Result<()> {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    let majors = Major::covered()?;
    let mut failures = Vec::new();
    for &source in &majors {
        for &target in majors.iter().filter(|target| **target > source) {
            let is_usual = (source, target) == (Major::V13, Major::REFERENCE);
            if !is_usual && !is_thorough {
                continue;
            }
            let servers = [Server::try_get(source)?, Server::try_get(target)?];
            let mut failed = kinds(&servers, is_thorough)?;
            if is_thorough {
                failed.extend(sample_database(&servers)?);
            }
            println!("from {source} into {target}: {} differ", failed.len());
            failures.extend(
                failed
                    .iter()
                    .map(|failure| format!("from {source} into {target}: {failure}")),
            );
        }
    }
    ensure!(failures.is_empty(), "{}", failures.join("\n\n"));
    Ok(())
}

/// Each kind of object in a database of its own.
fn kinds(servers: &[Server; 2], is_thorough: bool) -> Result<Vec<String>> {
    let roles = fixtures_dir().join("kinds/00_roles.sql");
    for server in servers {
        server.database().load_file(&roles)?;
    }
    let mut failures = Vec::new();
    for (number, file) in files(servers[0].major(), is_thorough)?.iter().enumerate() {
        let source = servers[0].database();
        source.load_file(file)?;
        let (by, way) = WAYS[number % WAYS.len()];
        let compared = restored(&source, &servers[1], by, way);
        let failure = compared
            .err()
            .map(|error| format!("{}: {error:#}", file.display()));
        failures.extend(failure);
    }
    Ok(failures)
}

fn files(major: Major, is_thorough: bool) -> Result<Vec<PathBuf>> {
    let files = fixture_files("kinds", major)?.into_iter().filter(|file| {
        let name = file.file_stem().unwrap_or_default().to_string_lossy();
        name != "00_roles"
            && name != NOT_RESTORED_ALIKE
            && (is_thorough || TELLING.contains(&&*name))
    });
    Ok(files.collect())
}

fn sample_database(servers: &[Server; 2]) -> Result<Vec<String>> {
    let roles = fixtures_dir().join("logistics/00_roles.sql");
    servers[1].database().load_file(&roles)?;
    let source = servers[0].database();
    source.load_fixture("logistics")?;
    let compared = WAYS.iter().map(|&(by, way)| {
        let Some(copy) = restored(&source, &servers[1], by, way)? else {
            return Ok(());
        };
        let comparison = compare_rows(&source, &copy, &format!("{by:?}, {way:?}"))?;
        ensure!(comparison.is_same(), "{comparison}");
        Ok(())
    });
    Ok(compared
        .filter_map(Result::err)
        .map(|error| format!("the sample database: {error:#}"))
        .collect())
}

/// Restores by stock and by us an archive that stock has written in a format, or else that we have, and compares. Returns our copy, unless stock
/// restores otherwise over several connections than over one.
fn restored(
    source: &Database,
    server: &Server,
    by: Option<&str>,
    way: Way,
) -> Result<Option<Database>> {
    let folder = tempfile::tempdir()?;
    let (stocks_at, ours_at) = (folder.path().join("stock"), folder.path().join("ours"));
    let mut archive: &Path = &stocks_at;
    if let Some(format) = by {
        stock_archive(source, archive, &[format])?;
    }
    // Stock's own restore is refused what some servers keep for themselves and stock writes: ours then is for both.
    if by.is_none() || has_internal_options(archive)? {
        archive = &ours_at;
        let dump = Dump::new(&source.conninfo())?;
        tokio::runtime::Runtime::new()?.block_on(dump.to_file(archive))?;
    }
    let (theirs, ours) = (server.database(), server.database());
    let is_compared = by_both::compare(&theirs, &ours, archive, way)
        .with_context(|| format!("archive by {by:?}, {way:?}"))?;
    Ok(is_compared.then_some(ours))
}

fn has_internal_options(archive: &Path) -> Result<bool> {
    let reader = Reader::open_path(archive)?;
    let mut definitions = reader
        .entries()
        .iter()
        .filter_map(|entry| entry.definition.as_ref());
    Ok(definitions.any(|definition| definition.contains_str("SET (pg_")))
}
