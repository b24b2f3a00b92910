//! What Homebrew, scoop and winget want to know of a release: where its archives are, and their checksums.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::archive;
use super::facts::Facts;
use super::stage::{self, Staged};
use super::sums;
use super::target::Target;
use super::template::fill;
use crate::build::workspace;

/// The templates, which are also where the manifests go.
const MANIFESTS: [&str; 5] = [
    "homebrew/pgdumprs.rb",
    "scoop/pgdumprs.json",
    "winget/pgdumprs.pgdumprs.yaml",
    "winget/pgdumprs.pgdumprs.installer.yaml",
    "winget/pgdumprs.pgdumprs.locale.en-US.yaml",
];

/// Writes them into folders of a folder of `out`, and returns their paths. What was there is gone. There are none, and why is said, where the
/// repository is not known or a target is missing.
///
/// # Errors
///
/// When a file cannot be read or written.
pub(crate) fn pack(staged: &[Staged], facts: &Facts, out: &Path) -> Result<Vec<PathBuf>> {
    let folder = out.join("manifests");
    if folder.exists() {
        fs::remove_dir_all(&folder).with_context(|| format!("emptying {}", folder.display()))?;
    }
    let packed = |target: &Target| staged.iter().any(|staged| staged.target == target);
    if facts.repository.is_none() || !Target::all().all(packed) {
        println!(
            "No manifests for Homebrew, scoop and winget, which take all targets and --repository"
        );
        return Ok(Vec::new());
    }
    let mut sums = BTreeMap::new();
    for staged in staged {
        sums.insert(
            staged.target.triple,
            sums::sum(&archive::path(staged, out))?,
        );
    }
    let mut written = Vec::new();
    for (name, text) in manifests(facts, &sums)? {
        let file = folder.join(name);
        fs::create_dir_all(file.parent().unwrap_or(&folder))
            .and_then(|()| fs::write(&file, text))
            .with_context(|| format!("writing {}", file.display()))?;
        written.push(file);
    }
    Ok(written)
}

/// The manifests' names and texts, for archives with these SHA-256 sums in hexadecimal digits, by the targets' triples.
pub(crate) fn manifests(
    facts: &Facts,
    sums: &BTreeMap<&str, String>,
) -> Result<Vec<(&'static str, String)>> {
    let repository = facts
        .repository
        .as_ref()
        .context("the repository is not known, which Homebrew, scoop and winget fetch from")?;
    let mut values = BTreeMap::new();
    for target in Target::all() {
        let sum = sums
            .get(target.triple)
            .with_context(|| format!("there is no archive for {}", target.triple))?;
        let version = &facts.release.version;
        let archive = archive::name(target, version);
        let url = format!("{repository}/releases/download/v{version}/{archive}");
        let mut insert =
            |key: &str, value| values.insert(format!("{}.{key}", target.triple), value);
        insert("url", url);
        insert("folder", stage::name(target, version));
        insert("SHA256", sum.to_uppercase());
        insert("sha256", sum.clone());
    }
    let text = |name: &'static str| {
        let template = workspace().join("packaging").join(name);
        let template = fs::read_to_string(&template)
            .with_context(|| format!("reading {}", template.display()))?;
        let value = |key: &str| {
            facts
                .value(key)
                .or_else(|| values.get(key).map(String::as_str))
        };
        let filled = fill(&template, value).with_context(|| format!("filling in {name}"))?;
        Ok((name, filled))
    };
    MANIFESTS.into_iter().map(text).collect()
}
