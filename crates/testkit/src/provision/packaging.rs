//! Finds or fetches what installs packages as users do, and what looks over them.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::program::{SUITE, find_or_fetch};
use super::{debian, host, python_wheel, relocate};

/// uv's version on PyPI.
const UV: &str = "0.13.9";

/// What looks over wheels, on PyPI.
const WHEEL_CHECKERS: [&str; 2] = ["twine==7.0.0", "check-wheel-contents==0.6.3"];

/// Returns the path of uv, which has uvx beside it.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn uv() -> Result<PathBuf> {
    if let Some(uv) = host::search("uv") {
        return Ok(uv);
    }
    let fetch = |tree: &Path| {
        python_wheel::download("uv", UV, &[], tree)?;
        let scripts = tree.join(format!("uv-{UV}.data/scripts"));
        for program in ["uv", "uvx"] {
            relocate::make_program(&scripts.join(program))?;
        }
        Ok(scripts.join("uv"))
    };
    find_or_fetch("uv", "pypi", fetch).context("uv cannot be had on this machine")
}

/// Returns the folder of twine and check-wheel-contents, which say whether an index would take a wheel.
///
/// # Errors
///
/// When they are not there and cannot be fetched.
pub fn wheel_checkers() -> Result<PathBuf> {
    let fetch = |tree: &Path| Ok(environment(tree, &WHEEL_CHECKERS)?.join("twine"));
    let twine = find_or_fetch("wheel-checkers", "pypi", fetch);
    let twine = twine.context("twine cannot be had on this machine")?;
    Ok(twine.parent().unwrap_or(&twine).to_owned())
}

/// Makes an environment of Python in a folder, with packages of PyPI, and returns the folder of its programs.
pub(super) fn environment(tree: &Path, packages: &[&str]) -> Result<PathBuf> {
    require_venv()?;
    let environment = tree.join("environment");
    let mut make = Command::new("python3");
    host::run(make.args(["-m", "venv"]).arg(&environment))?;
    let bin = environment.join("bin");
    let mut install = Command::new(bin.join("pip"));
    host::run(install.args(["install", "--quiet"]).args(packages))?;
    Ok(bin)
}

/// Makes sure that Python makes environments with pip in them.
///
/// # Errors
///
/// When it does not, and what that takes cannot be installed, for which one has to be root on Debian.
pub fn require_venv() -> Result<()> {
    host::require("python3-venv", || {
        host::run(Command::new("python3").args(["-c", "import venv, ensurepip"])).is_ok()
    })
}

/// Returns the path of buildah, which builds images without a daemon.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn buildah() -> Result<PathBuf> {
    from_debian("buildah", &["buildah"], "buildah")
}

/// Returns the path of Ruby, which is what formulas of Homebrew are written in. It has no gems.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn ruby() -> Result<PathBuf> {
    from_debian("ruby", &["ruby3.3"], "ruby3.3")
}

fn from_debian(name: &str, packages: &[&str], program: &str) -> Result<PathBuf> {
    if let Some(installed) = host::search(name) {
        return Ok(installed);
    }
    let fetch = |tree: &Path| Ok(debian::fetch_programs(SUITE, packages, tree)?.join(program));
    find_or_fetch(name, SUITE, fetch)
        .with_context(|| format!("{name} cannot be had on this machine"))
}
