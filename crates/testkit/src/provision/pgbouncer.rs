//! Finds or fetches PgBouncer.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::{cache_dir, create_open, lock, remove_if_there};
use super::{debian, host};

/// The Debian suite it is fetched from.
const SUITE: &str = "trixie";

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
    find_or_fetch().context("PgBouncer cannot be had on this machine")
}

/// The lock is held while fetching, so a second process waits and then finds the result. The stamp is written last.
fn find_or_fetch() -> Result<PathBuf> {
    let dir = cache_dir()?;
    let name = format!("pgbouncer-debian-{SUITE}");
    let (tree, stamp) = (dir.join(&name), dir.join(format!("{name}.stamp")));
    if let Some(program) = stamped(&stamp) {
        return Ok(program);
    }
    create_open(&dir)?;
    let _lock = lock(&dir.join("pgbouncer.lock"))?;
    if let Some(program) = stamped(&stamp) {
        return Ok(program);
    }
    remove_if_there(fs::remove_file(&stamp))?;
    remove_if_there(fs::remove_dir_all(&tree))?;
    fs::create_dir(&tree).with_context(|| format!("creating {}", tree.display()))?;
    let program = debian::fetch_daemon(SUITE, "pgbouncer", &tree)?;
    host::run(Command::new(&program).arg("--version"))?;
    host::open_to_all(&tree)?;
    let text = program.display().to_string();
    fs::write(&stamp, text).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(program)
}

/// The program that a stamp names, if it is still there.
fn stamped(stamp: &Path) -> Option<PathBuf> {
    let program = PathBuf::from(fs::read_to_string(stamp).ok()?);
    program.exists().then_some(program)
}
