//! The crates that are linked into a target's program, as cargo resolves them for it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use pgdumprs_testkit::checked_output;
use serde::Deserialize;

use crate::build::{PACKAGE, cargo, workspace};
use crate::published::Metadata;

/// A crate's name and version, which no two of a program share.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct CrateId {
    pub(crate) name: String,
    pub(crate) version: String,
}

/// A crate that is linked in.
#[derive(Debug)]
pub(crate) struct Crate {
    /// Its licence as an SPDX expression.
    pub(crate) licence: String,
    /// In its author's words.
    pub(crate) description: Option<String>,
    /// Those who have made it, as it names them.
    pub(crate) authors: Vec<String>,
    /// The folder of its source.
    pub(crate) folder: PathBuf,
    /// The SHA-256 sum of its package in hexadecimal digits; a crate of this workspace has none.
    pub(crate) checksum: Option<String>,
    /// What is linked in because of it.
    pub(crate) dependencies: BTreeSet<CrateId>,
}

/// Everything that a program is linked from, the command's own crate included.
#[derive(Debug)]
pub(crate) struct Crates {
    pub(crate) root: CrateId,
    pub(crate) all: BTreeMap<CrateId, Crate>,
}

impl Crates {
    /// Of the command's program for a target, with the features that it is built with. Crates that only run while it is compiled, and those of
    /// tests, are not in it.
    ///
    /// # Errors
    ///
    /// When cargo does not say it, or a crate names no licence.
    pub(crate) fn linked(triple: &str) -> Result<Crates> {
        let edges = "normal,no-proc-macro";
        let mut tree = cargo(&["tree", "--locked", "--package", PACKAGE, "--edges", edges]);
        tree.args(["--prefix", "depth", "--format", "|{p}", "--target", triple]);
        let tree = String::from_utf8(checked_output(&mut tree)?.stdout)?;
        let (root, graph) = parse_tree(&tree)?;

        let metadata = Metadata::read()?;
        let packages = metadata.packages();
        let lock = fs::read_to_string(workspace().join("Cargo.lock")).context("Cargo.lock")?;
        let lock: Lock = toml::from_str(&lock).context("Cargo.lock")?;
        let checksums: BTreeMap<_, _> = lock
            .package
            .into_iter()
            .map(|locked| {
                let (name, version) = (locked.name, locked.version);
                (CrateId { name, version }, locked.checksum)
            })
            .collect();
        let all = graph.into_iter().map(|(id, dependencies)| {
            let package = packages.get(&id.as_in_trees());
            let package = package.with_context(|| format!("cargo does not describe {id}"))?;
            let licence = package.text("license");
            ensure!(!licence.is_empty(), "{id} names no licence");
            let description = Some(package.text("description"));
            let checksum = checksums.get(&id).cloned().flatten();
            let described = Crate {
                // As it was written before SPDX expressions.
                licence: licence.replace('/', " OR "),
                description: description
                    .filter(|text| !text.is_empty())
                    .map(str::to_owned),
                authors: package.texts("authors"),
                folder: Path::new(package.text("manifest_path")).with_file_name(""),
                checksum,
                dependencies,
            };
            Ok((id, described))
        });
        Ok(Crates {
            root,
            all: all.collect::<Result<_>>()?,
        })
    }

    /// Those that others have made.
    pub(crate) fn of_others(&self) -> impl Iterator<Item = (&CrateId, &Crate)> {
        self.all
            .iter()
            .filter(|(_, described)| described.checksum.is_some())
    }
}

impl CrateId {
    /// As `cargo tree` writes it.
    fn as_in_trees(&self) -> String {
        format!("{} v{}", self.name, self.version)
    }
}

impl std::fmt::Display for CrateId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.name, self.version)
    }
}

/// Reads what `cargo tree` prints with the depth of each line: `2|memchr v2.8.3`, which may be followed by more in parentheses. A crate's
/// dependencies stand under one of its lines, the others are marked by `(*)`.
fn parse_tree(text: &str) -> Result<(CrateId, BTreeMap<CrateId, BTreeSet<CrateId>>)> {
    let mut graph: BTreeMap<CrateId, BTreeSet<CrateId>> = BTreeMap::new();
    let mut path: Vec<CrateId> = Vec::new();
    for line in text.lines() {
        let parsed = line.split_once('|').and_then(|(depth, package)| {
            let mut words = package.split(' ');
            let name = words.next()?.to_owned();
            let version = words.next()?.strip_prefix('v')?.to_owned();
            Some((depth.parse().ok()?, CrateId { name, version }))
        });
        let (depth, id): (usize, CrateId) =
            parsed.with_context(|| format!("`cargo tree` says {line:?}"))?;
        ensure!(
            depth <= path.len(),
            "`cargo tree` leaves out what {id} is for"
        );
        path.truncate(depth);
        if let Some(parent) = path.last() {
            graph.entry(parent.clone()).or_default().insert(id.clone());
        }
        graph.entry(id.clone()).or_default();
        path.push(id);
    }
    let root = path.into_iter().next();
    Ok((root.context("`cargo tree` says nothing")?, graph))
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
    checksum: Option<String>,
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    pub(crate) fn id(name: &str) -> CrateId {
        CrateId {
            name: name.to_owned(),
            version: "1.0.0".to_owned(),
        }
    }

    #[test]
    fn lines_of_a_tree_stand_under_what_they_are_for() {
        let tree = "0|ours v1.0.0 (/somewhere)\n1|near v1.0.0\n2|far v1.0.0\n1|other v1.0.0\n2|near v1.0.0 (*)\n";
        let (root, graph) = parse_tree(tree).unwrap();
        assert_eq!(root, id("ours"));
        let of = |name| graph[&id(name)].iter().cloned().collect::<Vec<_>>();
        assert_eq!(of("ours"), [id("near"), id("other")]);
        assert_eq!(of("near"), [id("far")]);
        assert_eq!(of("other"), [id("near")]);
        assert_eq!(graph.len(), 4);
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        for text in ["", "warning: something", "0|ours v1.0.0\n2|far v1.0.0"] {
            assert!(parse_tree(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn neither_tests_nor_what_runs_in_the_compiler_is_linked() {
        let crates = Crates::linked("x86_64-unknown-linux-musl").unwrap();
        let has = |name: &str| crates.all.keys().any(|id| id.name == name);
        assert_eq!(crates.root.name, PACKAGE);
        assert!(has("pgdumprs-archive") && has("zstd-sys") && has("ring"));
        for name in [
            "pgdumprs-testkit",
            "proptest",
            "syn",
            "serde_derive",
            "cc",
            "windows-sys",
        ] {
            assert!(!has(name), "{name}");
        }
        for (id, described) in &crates.all {
            for needed in &described.dependencies {
                assert!(crates.all.contains_key(needed), "{id} needs {needed}");
            }
        }
        // Their sums prove that they are those of the registry.
        let others: BTreeSet<_> = crates.of_others().map(|(id, _)| &id.name).collect();
        assert!(others.contains(&"zstd-sys".to_owned()));
        assert!(others.iter().all(|name| !name.starts_with("pgdumprs")));
    }
}
