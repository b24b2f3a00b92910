//! What an archive holds, in figures.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};

use crate::compare::descriptors;

/// How many entries of each descriptor an archive's table of contents has.
///
/// # Errors
///
/// When the archive cannot be read.
pub fn census(archive: &Path) -> Result<BTreeMap<String, usize>> {
    let mut counts = BTreeMap::new();
    for descriptor in descriptors(archive).context("taking a census")? {
        *counts.entry(descriptor).or_default() += 1;
    }
    Ok(counts)
}
