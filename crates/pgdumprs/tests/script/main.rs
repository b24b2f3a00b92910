//! R1 of restore: what [`write_text`](pgdumprs_script::write_text) makes of an archive is what stock's `pg_restore -f -` prints of it, byte
//! for byte, whatever the options. Where stock refuses, so do we.
//!
//! Without `PGDUMPRS_SCALE=1` the oldest and the newest major give the archives, and each is tried with every fifth set of options, another five each time.

mod arguments;
mod fixtures;
mod old_archive;
mod option_sets;
mod random_archive;

use std::path::Path;

use anyhow::{Context, Result, ensure};

use arguments::{Compared, compare};

/// Whether the tests shall take their time.
fn at_scale() -> bool {
    std::env::var_os("PGDUMPRS_SCALE").is_some_and(|value| value == "1")
}

/// Failures shown of many.
const SHOWN: usize = 5;

/// Compares an archive's scripts under the option sets of one place in five, or all of them at scale.
fn compare_scripts(archive: &Path, place: usize) -> Result<()> {
    let folder = tempfile::tempdir().context("creating a folder for lists")?;
    let sets = option_sets::for_archive(archive, folder.path())?;
    let chosen = |at: usize| at_scale() || at % 5 == place % 5;
    let mut same = 0;
    let mut failures = Vec::new();
    for (_, set) in sets.iter().enumerate().filter(|(at, _)| chosen(*at)) {
        match compare(archive, set) {
            Ok(Compared::Same { .. }) => same += 1,
            Ok(Compared::Refused) => {}
            Err(error) => failures.push(format!("{set:?}: {error:#}")),
        }
    }
    check(same, failures).with_context(|| archive.display().to_string())
}

fn check(same: usize, failures: Vec<String>) -> Result<()> {
    let shown = failures
        .iter()
        .take(SHOWN)
        .cloned()
        .collect::<Vec<_>>()
        .join("\n");
    ensure!(failures.is_empty(), "{} differ:\n{shown}", failures.len());
    ensure!(same > 10, "only {same} scripts were there to compare");
    Ok(())
}

/// Entries in any order, of any kind, with any names, with statements that are none.
#[test]
fn random_archives() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("random.dump");
    let mut same = 0;
    let mut failures = Vec::new();
    for seed in 0..if at_scale() { 5000 } else { 250 } {
        let set = random_archive::write(seed, &archive)?;
        match compare(&archive, &set) {
            Ok(Compared::Same { .. }) => same += 1,
            Ok(Compared::Refused) => {}
            Err(error) => failures.push(format!("seed {seed} {set:?}: {error:#}")),
        }
    }
    check(same, failures)
}
