//! The package for Debian, installed by dpkg.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::{checked_output, provision};

use super::{Checked, ROUND_TRIP};
use crate::dist::deb;
use crate::dist::stage::Staged;
use crate::trial::{Program, Root, Source, round_trip};

/// What dpkg knows of the packages in a root file system.
const RECORDS: &str = "var/lib/dpkg";

pub(super) fn check(staged: &Staged, out: &Path, source: &Source) -> Result<Option<Checked>> {
    let Some(artefact) = deb::path(staged, out) else {
        return Ok(None);
    };
    println!("== {}", artefact.display());
    provision::require_program("lintian", "lintian")?;
    let mut lintian = Command::new("lintian");
    // Root is not asked whether it is.
    lintian.args(["--allow-root", "--fail-on", "error"]);
    let said = checked_output(lintian.arg(&artefact))?.stdout;
    print!("{}", String::from_utf8_lossy(&said));

    let root = Root::new(source)?.on_processor(staged.target.processor())?;
    let records = root.folder().join(RECORDS);
    for folder in ["info", "triggers", "updates"] {
        fs::create_dir_all(records.join(folder))?;
    }
    fs::write(records.join("status"), "")?;
    let architecture = staged.target.debian.context("it is for Debian")?;
    if staged.target.processor() != std::env::consts::ARCH {
        dpkg(&root, &["--add-architecture", architecture])?;
    }

    let before = names(&root)?;
    let package = artefact.display().to_string();
    dpkg(&root, &["--install", &package])?;
    ensure!(names(&root)? != before, "dpkg installed nothing");
    dpkg(&root, &["--purge", "pgdumprs"])?;
    let after = names(&root)?;
    ensure!(
        after == before,
        "the package leaves {:?}",
        after.symmetric_difference(&before).collect::<Vec<_>>()
    );
    dpkg(&root, &["--install", &package])?;
    let root = root.with_program("/usr/bin/pgdumprs");
    round_trip(&root, source)?;
    let emulated = if root.is_emulated() {
        ", the processor emulated"
    } else {
        ""
    };
    Ok(Some(Checked {
        artefact,
        installed: format!(
            "`dpkg --install` in an empty root file system{emulated}; `--purge` left nothing; lintian found no error"
        ),
        did: ROUND_TRIP.to_owned(),
    }))
}

fn dpkg(root: &Root, arguments: &[&str]) -> Result<()> {
    let mut dpkg = Command::new("unshare");
    dpkg.args(["--map-root-user", "dpkg"]);
    dpkg.arg(format!("--root={}", root.folder().display()));
    checked_output(dpkg.args(arguments)).map(drop)
}

/// All files and folders but dpkg's records.
fn names(root: &Root) -> Result<BTreeSet<PathBuf>> {
    let records = root.folder().join(RECORDS);
    let mut names = BTreeSet::new();
    let mut folders = vec![root.folder().to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            if path == records {
                continue;
            }
            if path.is_dir() && !path.is_symlink() {
                folders.push(path.clone());
            }
            names.insert(path);
        }
    }
    Ok(names)
}
