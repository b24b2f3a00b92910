//! The crates of the workspace that others may depend on, and what they are built from, as cargo tells it.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::build::cargo;

/// A Rust version: major, minor, patch.
pub(crate) type Version = [u64; 3];

/// `1.85` or `1.85.0`; what is not there is 0.
pub(crate) fn parse(text: &str) -> Version {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// What `cargo metadata` says of the workspace and everything that is locked for it.
pub(crate) struct Metadata(Value);

/// A package in it.
pub(crate) struct Package<'a>(&'a Value);

impl Metadata {
    pub(crate) fn read() -> Result<Metadata> {
        let output = cargo(&["metadata", "--locked", "--format-version", "1"]).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(Metadata(serde_json::from_slice(&output.stdout)?))
    }

    #[cfg(test)]
    pub(crate) fn of(value: Value) -> Metadata {
        Metadata(value)
    }

    /// All packages, by name and version as `cargo tree` writes them.
    pub(crate) fn packages(&self) -> BTreeMap<String, Package<'_>> {
        let packages = list(&self.0["packages"]).map(Package);
        packages
            .map(|package| (package.name_and_version(), package))
            .collect()
    }

    /// The names of all crates, as Rust writes them.
    pub(crate) fn crate_names(&self) -> BTreeSet<String> {
        let names = list(&self.0["packages"]).map(|package| text(&package["name"]));
        names.map(|name| name.replace('-', "_")).collect()
    }

    /// The crates of the workspace that others may depend on.
    pub(crate) fn published(&self) -> Result<Vec<Package<'_>>> {
        let members: BTreeSet<_> = list(&self.0["workspace_members"]).map(text).collect();
        let published: Vec<_> = list(&self.0["packages"])
            .filter(|package| members.contains(text(&package["id"])))
            .map(Package)
            .filter(|package| package.0["publish"].is_null())
            .collect();
        for package in &published {
            if package.0["rust_version"].is_null() {
                bail!("{} declares no rust-version", package.name());
            }
        }
        Ok(published)
    }
}

impl<'a> Package<'a> {
    pub(crate) fn name(&self) -> &'a str {
        text(&self.0["name"])
    }

    pub(crate) fn name_and_version(&self) -> String {
        format!("{} v{}", self.name(), text(&self.0["version"]))
    }

    /// The minimum Rust version; all 0 where none is declared.
    pub(crate) fn rust_version(&self) -> Version {
        parse(text(&self.0["rust_version"]))
    }

    /// The minimum with one of its features, which may have one of its own, or with those alone that are on by default.
    pub(crate) fn minimum(&self, feature: Option<&str>) -> Version {
        let own = feature.map(|feature| &self.0["metadata"]["minimum-rust"][feature]);
        own.and_then(Value::as_str)
            .map_or_else(|| self.rust_version(), parse)
    }

    /// The features that are not on by default.
    pub(crate) fn features(&self) -> impl Iterator<Item = &'a str> {
        let features = self.0["features"].as_object();
        let names = features.into_iter().flat_map(|features| features.keys());
        names.map(String::as_str).filter(|name| *name != "default")
    }

    /// What the manifest says under a key; nothing where it says nothing.
    pub(crate) fn text(&self, key: &str) -> &'a str {
        text(&self.0[key])
    }

    /// The texts that the manifest has under a key.
    pub(crate) fn texts(&self, key: &str) -> Vec<String> {
        let listed = self.0[key].as_array().into_iter().flatten();
        listed.map(|value| text(value).to_owned()).collect()
    }

    /// What the manifest lists under a key.
    pub(crate) fn list(&self, key: &str) -> impl Iterator<Item = &'a str> {
        list(&self.0[key]).map(text)
    }

    pub(crate) fn described(&self) -> String {
        let rust_version = text(&self.0["rust_version"]);
        format!("{} (Rust {rust_version})", self.name_and_version())
    }
}

/// What a package is built from on one system or on any, itself included and tests left out: names and versions as `cargo tree` writes them.
pub(crate) fn built_from(
    package: &str,
    feature: Option<&str>,
    target: &str,
) -> Result<BTreeSet<String>> {
    let mut tree = cargo(&["tree", "--locked", "--prefix", "none", "--format", "{p}"]);
    tree.args(["--edges", "normal,build", "--package", package]);
    tree.args(["--target", target]);
    if let Some(feature) = feature {
        tree.args(["--features", feature]);
    }
    let output = tree.output().context("cargo could not be started")?;
    if !output.status.success() {
        bail!("{}", String::from_utf8_lossy(&output.stderr));
    }
    let lines = String::from_utf8(output.stdout).context("cargo prints UTF-8")?;
    let words = lines.lines().filter_map(|line| {
        let mut words = line.split(' ');
        Some(format!("{} {}", words.next()?, words.next()?))
    });
    Ok(words.collect())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
