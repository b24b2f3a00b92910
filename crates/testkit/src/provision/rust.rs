//! Finds or fetches the Rust toolchain that published crates must still be built by.

use std::process::Command;

use anyhow::{Context, Result};

use super::debian;
use super::program::{SUITE, find_or_fetch};

/// The packages, with what rustc loads beyond the libraries that servers need.
const PACKAGES: [&str; 4] = ["rustc", "cargo", "libllvm19", "libz3-4"];

/// Returns a command that runs Debian's cargo with Debian's rustc, whichever version they are, fetching both into the cache first when they
/// are not there. The machine's own toolchain stays as it is.
///
/// # Errors
///
/// When they are not there and cannot be fetched.
pub fn debian_cargo() -> Result<Command> {
    let fetched = find_or_fetch("rust", SUITE, |tree| {
        Ok(debian::fetch_programs(SUITE, &PACKAGES, tree)?.join("cargo"))
    });
    let program = fetched.with_context(|| format!("Rust of Debian {SUITE}"))?;
    let mut cargo = Command::new(&program);
    cargo
        .env("RUSTC", program.with_file_name("rustc"))
        .env_remove("RUSTUP_TOOLCHAIN");
    Ok(cargo)
}
