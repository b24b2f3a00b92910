//! Installs what was packed as its users do, has it back up and restore a database, and compares.

mod archive;
mod container;
mod deb;
mod formula;
mod instructions;
mod npm;
mod place;
mod registry;
mod wheel;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::facts::Facts;
use super::stage::Staged;
use crate::cross;
use crate::trial::Source;

/// What came of one artefact.
pub(crate) struct Checked {
    pub(crate) artefact: PathBuf,
    /// How it was installed, and where.
    pub(crate) installed: String,
    /// What the installed program did.
    pub(crate) did: String,
}

/// What a program did that went through [`crate::trial::round_trip`].
pub(crate) const ROUND_TRIP: &str =
    "dumped into a file, a pipe and a folder, verified and restored each: identical";

/// Checks everything that is in `out`, and prints what came of it. Ends at the first artefact that does not do what it should.
pub(crate) fn run(staged: &[Staged], facts: &Facts, out: &Path) -> Result<()> {
    let source = Source::new()?;
    let mut checked = Vec::new();
    for staged in staged {
        checked.extend(check(staged, facts, out, &source).with_context(|| staged.name())?);
    }
    checked.extend(container::check(staged, facts, out, &source)?);
    formula::check(facts)?;
    print(&checked)
}

/// Everything that was packed for one target.
fn check(staged: &Staged, facts: &Facts, out: &Path, source: &Source) -> Result<Vec<Checked>> {
    let mut checked = vec![archive::check(staged, out, source)?];
    checked.extend(deb::check(staged, out, source)?);
    if staged.target.runs_here() {
        checked.push(npm::check(staged, facts, out, source)?);
        checked.push(wheel::check(staged, facts, out, source)?);
    } else {
        println!(
            "Its packages for npm and PyPI are not installed: neither installs programs of other systems."
        );
    }
    Ok(checked)
}

fn print(checked: &[Checked]) -> Result<()> {
    println!("\n| artefact | size | installed | did |\n| --- | --- | --- | --- |");
    for Checked {
        artefact,
        installed,
        did,
    } in checked
    {
        let name = artefact.file_name().unwrap_or_default().to_string_lossy();
        println!(
            "| {name} | {} | {installed} | {did} |",
            cross::size(artefact)?
        );
    }
    Ok(())
}
