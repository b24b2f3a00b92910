//! Fetches moto, a server that speaks S3's protocol.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::packaging::environment;
use super::program::find_or_fetch;

/// The PyPI project and its version.
const PACKAGE: &str = "moto[server]==5.1.22";

/// Returns the path of a Python that has moto's server, fetching it into the cache first.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn moto() -> Result<PathBuf> {
    let fetch = |tree: &Path| Ok(environment(tree, &[PACKAGE])?.join("python"));
    find_or_fetch("moto", "pypi", fetch).context("moto of PyPI cannot be had on this machine")
}
