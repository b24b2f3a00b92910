//! Packages for npm: one with a launcher, and one for each system and processor with its program, of which npm installs the one that fits.
//! Nothing is fetched and nothing runs when they are installed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::{Map, Value, json};

use super::facts::{Facts, PROGRAM};
use super::members::{Member, tar_gz};
use super::stage::Staged;
use super::target::Target;
use crate::build::workspace;

/// The scripts of the launcher, and the folder that they are in.
const LAUNCHER: [&str; 2] = ["pgdumprs.js", "program.js"];
const FOLDER: &str = "packaging/npm";

/// What its README says of the package.
const LAUNCHER_HOLDS: &str = "This package is a launcher: its `optionalDependencies` are packages with the program for each system and processor, of which your package \
                              manager fetches the one that fits. Nothing else is fetched when it is installed.";

/// The oldest Node.js that the launcher is written for.
const NODE: &str = ">=18";

/// Packs the launcher, which is the same for all systems, and returns its path.
///
/// # Errors
///
/// When a file cannot be read or written.
pub(crate) fn pack_launcher(facts: &Facts, out: &Path) -> Result<PathBuf> {
    let manifest = launcher_manifest(facts);
    let licence =
        |(name, text): &(&str, String)| Member::new(format!("package/{name}"), text.clone());
    let mut members: Vec<_> = facts.licences.iter().map(licence).collect();
    for script in LAUNCHER {
        let file = workspace().join(FOLDER).join(script);
        let member = Member::read(format!("package/{script}"), &file)?;
        members.push(Member {
            is_program: script == LAUNCHER[0],
            ..member
        });
    }
    members.push(Member::new(
        "package/README.md",
        facts.readme(LAUNCHER_HOLDS),
    ));
    write(facts, &manifest, members, out)
}

/// What the launcher's package says of itself.
pub(crate) fn launcher_manifest(facts: &Facts) -> Value {
    let mut manifest = manifest(facts, facts.name, facts.summary);
    let programs = Target::all().map(|target| {
        let version = Value::from(facts.release.version.as_str());
        (package(facts, target), version)
    });
    manifest["bin"] = json!({ facts.name: LAUNCHER[0] });
    manifest["main"] = LAUNCHER[1].into();
    manifest["optionalDependencies"] = programs.collect::<Map<_, _>>().into();
    manifest
}

/// Packs the program of a system and processor, and returns the package's path.
///
/// # Errors
///
/// When a file cannot be read or written.
pub(crate) fn pack_program(staged: &Staged, facts: &Facts, out: &Path) -> Result<PathBuf> {
    let target = staged.target;
    let manifest = program_manifest(target, facts);
    let path = format!("package/bin/{}", target.program());
    let mut members = vec![];
    for licence in staged.licences()? {
        members.push(Member::read(
            format!("package/{}", licence.name),
            &licence.path,
        )?);
    }
    members.push(Member::program(path, &staged.program())?);
    members.push(Member::new("package/README.md", facts.readme(PROGRAM)));
    write(facts, &manifest, members, out)
}

/// What the package with a target's program says of itself.
pub(crate) fn program_manifest(target: &Target, facts: &Facts) -> Value {
    let summary = format!("The program of {} for {}", facts.name, place(target));
    let mut manifest = manifest(facts, &package(facts, target), &summary);
    manifest["os"] = json!([target.npm_os]);
    manifest["cpu"] = json!([target.npm_cpu]);
    // Package managers that leave packages packed cannot run what is in them.
    manifest["preferUnplugged"] = true.into();
    manifest
}

/// The name of the package with a target's program.
pub(crate) fn package(facts: &Facts, target: &Target) -> String {
    format!("@{}/{}", facts.name, place(target))
}

/// What Node.js calls its system and processor.
fn place(target: &Target) -> String {
    format!("{}-{}", target.npm_os, target.npm_cpu)
}

/// What all packages say of themselves.
fn manifest(facts: &Facts, name: &str, summary: &str) -> Value {
    let mut manifest = json!({
        "name": name,
        "version": facts.release.version,
        "description": summary,
        "keywords": facts.keywords,
        "license": facts.licence,
        "author": facts.author,
        "engines": { "node": NODE },
        // Of packages whose names have a scope too.
        "publishConfig": { "access": "public" },
    });
    if let Some(url) = &facts.repository {
        manifest["repository"] = json!({ "type": "git", "url": format!("git+{url}.git") });
    }
    manifest
}

/// The file that npm packs a package of this name into.
pub(crate) fn file_name(package: &str, facts: &Facts) -> String {
    let name = package.trim_start_matches('@').replace('/', "-");
    format!("{name}-{}.tgz", facts.release.version)
}

/// Writes a package.
fn write(facts: &Facts, manifest: &Value, files: Vec<Member>, out: &Path) -> Result<PathBuf> {
    let manifest_text = format!("{manifest:#}\n");
    let mut members = vec![Member::new("package/package.json", manifest_text)];
    members.extend(files);
    let name = manifest["name"].as_str().unwrap_or(facts.name);
    let file = out.join(file_name(name, facts));
    fs::write(&file, tar_gz(&members, facts.release.time)?)
        .with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}
