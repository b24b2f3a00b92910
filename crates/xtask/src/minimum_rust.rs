//! The published crates' minimum Rust version: whether what they declare is enough.
//!
//! A feature may need more than its crate does, where the crates that it brings do. It says so in `package.metadata.minimum-rust`.

use std::collections::BTreeSet;
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use pgdumprs_testkit::provision;

use crate::build::{succeed, target};
use crate::published::{Metadata, Package, Version, built_from, parse};

/// Compares the declared version with those of all locked dependencies, and has the published crates checked by that very Rust where it can be
/// had: from rustup, if it is there, or from Debian.
pub(crate) fn check() -> Result<()> {
    let metadata = Metadata::read()?;
    let published = metadata.published()?;
    for package in &published {
        for feature in [None].into_iter().chain(package.features().map(Some)) {
            let built_from = built_from(package.name(), feature, "all")?;
            metadata.check_dependencies(package, feature, &built_from)?;
        }
    }
    let minimum = published
        .iter()
        .map(|package| package.rust_version())
        .max()
        .context("no crate is published")?;
    let [major, minor, _] = minimum;
    match cargo_of(minimum) {
        Ok(mut cargo) => {
            let [major, minor, patch] = version_of(&mut cargo)?;
            println!("Checking by Rust {major}.{minor}.{patch}.");
            check_by(cargo, &published, |_| Vec::new())?;
            let with_features: Vec<_> = published
                .into_iter()
                .filter(|package| !possible(package, minimum).is_empty())
                .collect();
            check_by(cargo_of(minimum)?, &with_features, |package| {
                possible(package, minimum)
            })
        }
        Err(reason) => {
            println!(
                "Only declarations were compared; no Rust {major}.{minor} is here: {reason:#}"
            );
            Ok(())
        }
    }
}

/// The features of a package that such a Rust can build.
fn possible<'a>(package: &Package<'a>, rust: Version) -> Vec<&'a str> {
    let features = package.features();
    features
        .filter(|feature| package.minimum(Some(feature)) <= rust)
        .collect()
}

/// Has packages checked, each with some features.
fn check_by<'a>(
    mut cargo: Command,
    packages: &[Package<'a>],
    features: impl Fn(&Package<'a>) -> Vec<&'a str>,
) -> Result<()> {
    cargo.args(["check", "--locked", "--target-dir"]);
    cargo.arg(target().join("minimum-rust"));
    for package in packages {
        cargo.args(["--package", package.name()]);
        for feature in features(package) {
            cargo.args(["--features", &format!("{}/{feature}", package.name())]);
        }
    }
    succeed(&mut cargo)
}

/// A command that runs the cargo of a version, in the workspace.
fn cargo_of(wanted: Version) -> Result<Command> {
    let [major, minor, _] = wanted;
    let mut rustup = Command::new("rustup");
    rustup.args(["run", &format!("{major}.{minor}"), "cargo"]);
    let mut cargo = match version_of(&mut rustup) {
        Ok(_) => rustup,
        Err(_) => provision::debian_cargo()?,
    };
    let found = version_of(&mut cargo)?;
    ensure!(
        found[..2] == wanted[..2],
        "Debian has {}.{}",
        found[0],
        found[1]
    );
    cargo.current_dir(crate::build::workspace());
    Ok(cargo)
}

/// The version of the cargo that a command runs.
fn version_of(cargo: &mut Command) -> Result<Version> {
    let mut asking = Command::new(cargo.get_program());
    asking.args(cargo.get_args()).arg("--version");
    let output = asking.output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = text.split(' ').nth(1).map(parse);
    version.with_context(|| format!("`cargo --version` said {text:?}"))
}

impl Metadata {
    /// Fails if something that a package is built from needs a newer Rust than the package declares, by itself or for that feature.
    fn check_dependencies(
        &self,
        package: &Package<'_>,
        feature: Option<&str>,
        built_from: &BTreeSet<String>,
    ) -> Result<()> {
        let packages = self.packages();
        let mut too_new = Vec::new();
        for name in built_from {
            let dependency = packages
                .get(name)
                .with_context(|| format!("{name} has no description"))?;
            if dependency.rust_version() > package.minimum(feature) {
                too_new.push(dependency.described());
            }
        }
        if too_new.is_empty() {
            return Ok(());
        }
        let with = feature.map(|feature| format!(" with the feature {feature}"));
        bail!(
            "{}{} needs a newer Rust than it declares: {}",
            package.described(),
            with.unwrap_or_default(),
            too_new.join(", ")
        );
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// `ours`, which has a feature that says it needs Rust 1.94, and two others.
    fn example(far: &str) -> Metadata {
        let package = |name: &str, rust: &str, publish: Value| {
            json!({"id": name, "name": name, "version": "1.0.0", "rust_version": rust, "publish": publish,
                   "features": {"default": [], "more": [], "plain": []}, "metadata": {"minimum-rust": {"more": "1.94"}}})
        };
        Metadata::of(json!({
            "packages": [package("ours", "1.85", Value::Null), package("kit", "1.95", json!([])), package("far", far, Value::Null)],
            "workspace_members": ["ours", "kit"],
        }))
    }

    fn check(far: &str, feature: Option<&str>) -> Result<()> {
        let metadata = example(far);
        let published = metadata.published()?;
        ensure!(published.len() == 1);
        let built_from = ["ours v1.0.0", "far v1.0.0"].map(str::to_owned).into();
        metadata.check_dependencies(&published[0], feature, &built_from)
    }

    #[test]
    fn a_dependency_that_needs_more_is_named() {
        check("1.85.0", None).unwrap();
        let error = check("1.85.1", None).unwrap_err().to_string();
        assert!(error.contains("far v1.0.0 (Rust 1.85.1)"), "{error}");
    }

    #[test]
    fn a_feature_may_need_more_where_it_says_so() {
        check("1.94", Some("more")).unwrap();
        for (far, feature) in [("1.95", "more"), ("1.94", "plain")] {
            let error = check(far, Some(feature)).unwrap_err().to_string();
            assert!(error.contains(&format!("feature {feature}")), "{error}");
        }
    }
}
