//! Finds or fetches stock age.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::program::{SUITE, find_or_fetch};
use super::{debian, host};

/// Returns the path of age, which has age-keygen beside it.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn age() -> Result<PathBuf> {
    if let Some(age) = host::search("age") {
        return Ok(age);
    }
    let fetch = |tree: &Path| Ok(debian::fetch_programs(SUITE, &["age"], tree)?.join("age"));
    find_or_fetch("age", SUITE, fetch).context("age cannot be had on this machine")
}
