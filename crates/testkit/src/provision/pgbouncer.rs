//! Finds or fetches PgBouncer.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::debian;
use super::program::{SUITE, find_or_fetch};

/// Where packages install it.
const INSTALLED: [&str; 2] = ["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer"];

/// Returns the path of PgBouncer, fetching it into the cache first when the machine has none.
///
/// # Errors
///
/// When it is not there and cannot be fetched.
pub fn pgbouncer() -> Result<PathBuf> {
    if let Some(program) = INSTALLED.iter().map(Path::new).find(|path| path.exists()) {
        return Ok(program.to_owned());
    }
    let fetch = |tree: &Path| debian::fetch_daemon(SUITE, "pgbouncer", tree);
    find_or_fetch("pgbouncer", SUITE, fetch).context("PgBouncer cannot be had on this machine")
}
