//! Finds or fetches pgcopydb.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::debian;
use super::program::find_or_fetch;

/// Where packages install it.
const INSTALLED: &str = "/usr/bin/pgcopydb";

/// The Debian suite that it is fetched from: the newest there is.
const SUITE: &str = "forky";

/// Returns the path of pgcopydb, fetching it into the cache first when the machine has none. It finds `pg_dump`, `pg_restore` and psql by PATH.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn pgcopydb() -> Result<PathBuf> {
    let installed = Path::new(INSTALLED);
    if installed.exists() {
        return Ok(installed.to_owned());
    }
    let fetch = |tree: &Path| {
        let programs = debian::fetch_programs(SUITE, &["pgcopydb"], tree)?;
        Ok(programs.join("pgcopydb"))
    };
    find_or_fetch("pgcopydb", SUITE, fetch).context("pgcopydb cannot be had on this machine")
}
