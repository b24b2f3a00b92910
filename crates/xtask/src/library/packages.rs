//! What the packages of the published crates hold.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::build::{cargo, succeed, workspace};
use crate::published::{Metadata, Package};

/// The most that the files of one package may be together, in bytes.
const MOST_BYTES: u64 = 1 << 20;

/// What every package holds besides its source.
const PAPERS: [&str; 3] = ["README.md", "LICENSE-APACHE", "LICENSE-MIT"];

/// What a package may hold besides: cargo's own files, and the folders that crates have.
const CARGOS: [&str; 4] = [
    "Cargo.toml",
    "Cargo.toml.orig",
    "Cargo.lock",
    ".cargo_vcs_info.json",
];
const FOLDERS: [&str; 3] = ["src/", "examples/", "profiles/"];

/// Lists each package as cargo would make it and looks at what it says of itself.
pub(super) fn check(metadata: &Metadata) -> Result<()> {
    for package in metadata.published()? {
        check_package(&package).with_context(|| format!("the package {}", package.name()))?;
    }
    Ok(())
}

/// Has each package made and built, on top of the packages that it depends on.
pub(super) fn build(metadata: &Metadata) -> Result<()> {
    let mut package = cargo(&["package", "--locked"]);
    for published in metadata.published()? {
        package.args(["--package", published.name()]);
    }
    succeed(&mut package)
}

fn check_package(package: &Package<'_>) -> Result<()> {
    for key in ["description", "license", "readme"] {
        ensure!(!package.text(key).is_empty(), "it has no {key}");
    }
    for key in ["keywords", "categories"] {
        let count = package.list(key).count();
        ensure!((1..=5).contains(&count), "it has {count} {key}");
    }
    let folder = Path::new(package.text("manifest_path")).parent();
    let folder = folder.context("its manifest is nowhere")?;
    let files = listed(package.name())?;
    check_files(&files)?;
    let mut bytes = 0;
    for file in &files {
        // What cargo makes itself is not there.
        if let Ok(metadata) = fs::metadata(folder.join(file)) {
            bytes += metadata.len();
        }
    }
    ensure!(bytes <= MOST_BYTES, "its files have {bytes} bytes");
    for licence in ["LICENSE-APACHE", "LICENSE-MIT"] {
        let same = fs::read(folder.join(licence))? == fs::read(workspace().join(licence))?;
        ensure!(same, "its {licence} is not the workspace's");
    }
    check_readme(package, &fs::read_to_string(folder.join("README.md"))?)
}

/// The files that cargo would pack.
fn listed(package: &str) -> Result<Vec<String>> {
    let output = cargo(&["package", "--list", "--allow-dirty", "--package", package]).output()?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let files = String::from_utf8(output.stdout).context("a name that is not UTF-8")?;
    Ok(files.lines().map(|line| line.replace('\\', "/")).collect())
}

/// Whether all is there that must be, and nothing else.
fn check_files(files: &[String]) -> Result<()> {
    for paper in PAPERS {
        ensure!(files.iter().any(|file| file == paper), "it lacks {paper}");
    }
    let known = |file: &str| {
        PAPERS.contains(&file)
            || CARGOS.contains(&file)
            || FOLDERS.iter().any(|folder| file.starts_with(folder))
    };
    let strays: Vec<_> = files.iter().filter(|file| !known(file)).collect();
    ensure!(strays.is_empty(), "it holds what it should not: {strays:?}");
    Ok(())
}

/// Whether the front page says what others have to know, and that as it is.
fn check_readme(package: &Package<'_>, readme: &str) -> Result<()> {
    ensure!(
        readme.starts_with(&format!("# {}\n", package.name())),
        "its README does not begin with its name"
    );
    let [major, minor, _] = package.rust_version();
    for part in [
        format!("- **Rust:** {major}.{minor} or newer"),
        "- **Stability:** ".to_owned(),
    ] {
        ensure!(readme.contains(&part), "its README does not say {part:?}");
    }
    for feature in package.features() {
        let [major, minor, _] = package.minimum(Some(feature));
        let row = readme
            .lines()
            .find(|line| line.starts_with(&format!("| `{feature}` |")));
        let refers = readme.contains("- **Features:** those of `pgdumprs`");
        ensure!(
            refers || row.is_some_and(|row| row.contains(&format!("Rust {major}.{minor}"))),
            "its README has no row for the feature {feature} with Rust {major}.{minor}"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(files: &[&str]) -> String {
        let files: Vec<_> = files.iter().map(|&file| file.to_owned()).collect();
        check_files(&files)
            .err()
            .map_or(String::new(), |error| error.to_string())
    }

    #[test]
    fn strays_and_missing_papers_are_named() {
        let whole = [
            "Cargo.toml",
            "LICENSE-APACHE",
            "LICENSE-MIT",
            "README.md",
            "src/lib.rs",
        ];
        assert_eq!(said(&whole), "");
        assert!(said(&whole[..3]).contains("lacks README.md"));
        let more = [&whole[..], &["tests/big.dump"]].concat();
        assert!(said(&more).contains("tests/big.dump"));
    }
}
