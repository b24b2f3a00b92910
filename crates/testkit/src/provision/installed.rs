//! Finds a major that the machine's own packages installed.

use std::path::PathBuf;

use anyhow::{Result, bail};

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
