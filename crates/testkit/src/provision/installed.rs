//! Finds a major that the machine's own packages installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use super::host;
use super::installation::Installation;
use crate::Major;

/// Looks where Debian's and Red Hat's packages put a major's binaries.
///
/// # Errors
///
/// Says what is missing, so that a half installed major (a client without its server, say) is
/// explained and not just passed over.
pub(super) fn find(major: Major) -> Result<Installation> {
    let folders = [
        format!("/usr/lib/postgresql/{major}/bin"),
        format!("/usr/pgsql-{major}/bin"),
    ];
    for folder in folders.iter().map(PathBuf::from) {
        if folder.is_dir() {
            return Installation::verify(major, "installed", folder.clone(), Some(folder));
        }
    }
    bail!("no {}", folders.join(" and no "))
}

/// Checks that an installation has these extensions.
///
/// # Errors
///
/// Names the first that is not there.
pub(super) fn check_extensions(
    installation: &Installation,
    extensions: impl Iterator<Item = &'static str>,
) -> Result<()> {
    let mut extensions = extensions.peekable();
    if extensions.peek().is_none() {
        // Not every source of binaries has the program that is asked below.
        return Ok(());
    }
    let program = installation.server_bin().join("pg_config");
    let shared = host::run(Command::new(program).arg("--sharedir"))?;
    let folder = Path::new(shared.trim_end()).join("extension");
    let missing = |name: &&str| !folder.join(format!("{name}.control")).exists();
    if let Some(name) = extensions.find(missing) {
        bail!("it has no extension {name}");
    }
    Ok(())
}
