//! The published crates' minimum Rust version: whether what they declare is enough.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};
use pgdumprs_testkit::provision;
use serde_json::Value;

use crate::build::{cargo, succeed, target};

/// A Rust version: major, minor, patch.
type Version = [u64; 3];

/// Compares the declared version with those of all locked dependencies, and has the published crates checked by that very Rust where it can be
/// had: from rustup, if it is there, or from Debian.
pub(crate) fn check() -> Result<()> {
    let metadata = Metadata::read()?;
    let published = metadata.published()?;
    for package in &published {
        metadata.check_dependencies(package)?;
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
            cargo.args(["check", "--locked", "--target-dir"]);
            cargo.arg(target().join("minimum-rust"));
            for package in &published {
                cargo.args(["--package", package.name()]);
            }
            succeed(&mut cargo)
        }
        Err(reason) => {
            println!(
                "Only declarations were compared; no Rust {major}.{minor} is here: {reason:#}"
            );
            Ok(())
        }
    }
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

/// `1.85` or `1.85.0`; what is not there is 0.
fn parse(text: &str) -> Version {
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}

/// What `cargo metadata` says of the workspace and everything it is built from.
struct Metadata(Value);

/// A package in it.
struct Package<'a>(&'a Value);

impl Metadata {
    fn read() -> Result<Metadata> {
        let output = cargo(&["metadata", "--locked", "--format-version", "1"]).output()?;
        if !output.status.success() {
            bail!("{}", String::from_utf8_lossy(&output.stderr));
        }
        Ok(Metadata(serde_json::from_slice(&output.stdout)?))
    }

    fn packages(&self) -> BTreeMap<&str, Package<'_>> {
        let packages =
            list(&self.0["packages"]).map(|package| (text(&package["id"]), Package(package)));
        packages.collect()
    }

    /// The crates of the workspace that others may depend on.
    fn published(&self) -> Result<Vec<Package<'_>>> {
        let mut packages = self.packages();
        let members = list(&self.0["workspace_members"]).map(text);
        let published: Vec<_> = members
            .filter_map(|id| packages.remove(id))
            .filter(|package| package.0["publish"].is_null())
            .collect();
        for package in &published {
            if package.0["rust_version"].is_null() {
                bail!("{} declares no rust-version", package.name());
            }
        }
        Ok(published)
    }

    /// Fails if a locked dependency needs a newer Rust than the package declares. Those of tests do not count.
    fn check_dependencies(&self, package: &Package) -> Result<()> {
        let nodes: BTreeMap<_, _> = list(&self.0["resolve"]["nodes"])
            .map(|node| (text(&node["id"]), node))
            .collect();
        let packages = self.packages();
        let mut known = BTreeSet::new();
        let mut queue = vec![text(&package.0["id"])];
        let mut too_new = Vec::new();
        while let Some(id) = queue.pop() {
            if !known.insert(id) {
                continue;
            }
            let dependency = packages
                .get(id)
                .context("a package without a description")?;
            if dependency.rust_version() > package.rust_version() {
                too_new.push(dependency.described());
            }
            let node = nodes.get(id).context("a package without dependencies")?;
            let built = list(&node["deps"])
                .filter(|link| list(&link["dep_kinds"]).any(|kind| kind["kind"] != "dev"));
            queue.extend(built.map(|link| text(&link["pkg"])));
        }
        if !too_new.is_empty() {
            bail!(
                "{} needs a newer Rust than it declares: {}",
                package.described(),
                too_new.join(", ")
            );
        }
        Ok(())
    }
}

impl<'a> Package<'a> {
    fn name(&self) -> &'a str {
        text(&self.0["name"])
    }

    /// The minimum Rust version; all 0 where none is declared.
    fn rust_version(&self) -> Version {
        parse(text(&self.0["rust_version"]))
    }

    fn described(&self) -> String {
        let version = text(&self.0["version"]);
        format!(
            "{} {version} (Rust {})",
            self.name(),
            text(&self.0["rust_version"])
        )
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// `ours` is built from `near`, which is built from `far`, and tested with `test`.
    fn example(far: &str) -> Metadata {
        let package = |id: &str, rust: &str| json!({"id": id, "name": id, "version": "1.0.0", "rust_version": rust, "publish": null});
        let link = |id: &str, kind: Value| json!({"pkg": id, "dep_kinds": [{"kind": kind}]});
        Metadata(json!({
            "packages": [package("ours", "1.85"), package("near", "1.60"), package("far", far), package("test", "1.95")],
            "workspace_members": ["ours"],
            "resolve": {"nodes": [
                {"id": "ours", "deps": [link("near", Value::Null), link("test", json!("dev"))]},
                {"id": "near", "deps": [link("far", json!("build"))]},
                {"id": "far", "deps": []},
            ]},
        }))
    }

    #[test]
    fn a_dependency_of_a_dependency_that_needs_more_is_named() {
        let metadata = example("1.85.1");
        let ours = &metadata.published().unwrap()[0];
        let error = metadata.check_dependencies(ours).unwrap_err().to_string();
        assert!(error.contains("far 1.0.0 (Rust 1.85.1)"), "{error}");
        assert!(!error.contains("test"), "{error}");
    }

    #[test]
    fn dependencies_of_tests_may_need_more() {
        let metadata = example("1.85.0");
        let ours = &metadata.published().unwrap()[0];
        metadata.check_dependencies(ours).unwrap();
    }
}
