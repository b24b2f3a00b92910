//! Homebrew's formula, read by Ruby. Homebrew itself, scoop and winget cannot be had here.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::{checked_output, provision};

use crate::dist::facts::Facts;
use crate::dist::manifests;
use crate::dist::target::Target;

/// A repository for formulas of releases that have none.
const SOMEWHERE: &str = "https://git.example.com/pgdumprs";

/// Has Ruby say whether the formula is one it could run, whatever the sums of archives are.
pub(super) fn check(facts: &Facts) -> Result<()> {
    let mut facts = facts.clone();
    facts.repository.get_or_insert_with(|| SOMEWHERE.to_owned());
    let sums: BTreeMap<_, _> = Target::all()
        .map(|target| (target.triple, "0".repeat(64)))
        .collect();
    let folder = tempfile::tempdir().context("creating a folder for a formula")?;
    for (name, text) in manifests::manifests(&facts, &sums)? {
        if name.ends_with(".rb") {
            println!("$ ruby -c {name}");
            let file = folder.path().join("formula.rb");
            fs::write(&file, text)?;
            let mut ruby = Command::new(provision::ruby()?);
            checked_output(ruby.args(["--disable-gems", "-wc"]).arg(&file))?;
        }
    }
    Ok(())
}
