//! Finds or fetches the Rust toolchain that published crates must still be built by.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use super::cache::{cache_dir, create_open, lock, remove_if_there};
use super::{debian, host};

/// The Debian suite that has it. A newer toolchain comes with a newer suite.
const SUITE: &str = "trixie";

/// The packages, with what rustc loads beyond the libraries that servers need.
const PACKAGES: [&str; 4] = ["rustc", "cargo", "libllvm19", "libz3-4"];

/// Returns a command that runs Debian's cargo with Debian's rustc, whichever version they are, fetching both into the cache first when they
/// are not there. The machine's own toolchain stays as it is.
///
/// # Errors
///
/// When they are not there and cannot be fetched.
pub fn debian_cargo() -> Result<Command> {
    let bin = find_or_fetch().with_context(|| format!("Rust of Debian {SUITE}"))?;
    let mut cargo = Command::new(bin.join("cargo"));
    cargo
        .env("RUSTC", bin.join("rustc"))
        .env_remove("RUSTUP_TOOLCHAIN");
    Ok(cargo)
}

/// The lock is held while fetching, so a second process waits and then finds the result. The stamp is written last.
fn find_or_fetch() -> Result<PathBuf> {
    let dir = cache_dir()?;
    let name = format!("rust-debian-{SUITE}");
    let (tree, stamp) = (dir.join(&name), dir.join(format!("{name}.stamp")));
    let bin = tree.join("usr/bin");
    if stamp.exists() {
        return Ok(bin);
    }
    create_open(&dir)?;
    let _lock = lock(&dir.join("rust.lock"))?;
    if stamp.exists() {
        return Ok(bin);
    }
    remove_if_there(fs::remove_dir_all(&tree))?;
    fs::create_dir(&tree).with_context(|| format!("creating {}", tree.display()))?;
    debian::fetch_programs(SUITE, &PACKAGES, &tree)?;
    let version = host::run(Command::new(bin.join("rustc")).arg("--version"))?;
    fs::write(&stamp, version).with_context(|| format!("writing {}", stamp.display()))?;
    Ok(bin)
}
