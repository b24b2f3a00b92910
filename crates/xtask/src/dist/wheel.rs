//! Wheels for PyPI, one for each system and processor, with nothing of Python in them: installers put the program into the folder of scripts.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::facts::{Facts, PROGRAM};
use super::members::{Member, zip};
use super::stage::Staged;

/// Packs a wheel and returns its path.
///
/// # Errors
///
/// When a file cannot be read or written.
pub(crate) fn pack(staged: &Staged, facts: &Facts, out: &Path) -> Result<PathBuf> {
    let file = path(staged, facts, out);
    let bytes = zip(&members(staged, facts)?)?;
    fs::write(&file, bytes).with_context(|| format!("writing {}", file.display()))?;
    Ok(file)
}

/// Where [`pack`] puts it.
pub(crate) fn path(staged: &Staged, facts: &Facts, out: &Path) -> PathBuf {
    let start = start(facts);
    out.join(format!("{start}-py3-none-{}.whl", staged.target.wheel))
}

/// What names in and of a wheel begin with.
fn start(facts: &Facts) -> String {
    format!("{}-{}", facts.name, version(&facts.release.version))
}

/// A version as PyPI writes it: `1.0.0rc1` for `1.0.0-rc.1`.
fn version(version: &str) -> String {
    [("-alpha.", "a"), ("-beta.", "b"), ("-rc.", "rc")]
        .into_iter()
        .fold(version.to_owned(), |version, (cargo, python)| {
            version.replace(cargo, python)
        })
}

/// The files of a wheel. Those about it come last, as installers read the end of the file first.
fn members(staged: &Staged, facts: &Facts) -> Result<Vec<Member>> {
    let start = start(facts);
    let about = format!("{start}.dist-info");
    let mut members = vec![Member::program(
        format!("{start}.data/scripts/{}", staged.target.program()),
        &staged.program(),
    )?];
    let mut licences = Vec::new();
    for licence in staged.licences()? {
        let path = format!("{about}/licenses/{}", licence.name);
        members.push(Member::read(path, &licence.path)?);
        licences.push(licence.name);
    }
    members.push(Member::new(
        format!("{about}/METADATA"),
        metadata(facts, &licences),
    ));
    members.push(Member::new(
        format!("{about}/WHEEL"),
        wheel(staged.target.wheel),
    ));
    let record = format!("{about}/RECORD");
    members.push(Member::new(record.clone(), record_of(&members, &record)));
    Ok(members)
}

/// What an index shows of the project.
fn metadata(facts: &Facts, licences: &[String]) -> String {
    let Facts {
        name,
        release,
        summary,
        licence,
        ..
    } = facts;
    let mut lines = vec![
        "Metadata-Version: 2.4".to_owned(),
        format!("Name: {name}"),
        format!("Version: {}", version(&release.version)),
        format!("Summary: {summary}"),
        format!("Keywords: {}", facts.keywords.join(",")),
        format!("Author: {}", facts.author),
        format!("License-Expression: {licence}"),
    ];
    lines.extend(licences.iter().map(|name| format!("License-File: {name}")));
    lines.extend([
        "Classifier: Environment :: Console".to_owned(),
        "Classifier: Topic :: Database".to_owned(),
        "Classifier: Topic :: System :: Archiving :: Backup".to_owned(),
    ]);
    lines.extend(
        facts
            .repository
            .iter()
            .map(|url| format!("Project-URL: Source, {url}")),
    );
    lines.push("Requires-Python: >=3.8".to_owned());
    lines.push("Description-Content-Type: text/markdown; charset=UTF-8".to_owned());
    format!("{}\n\n{}", lines.join("\n"), facts.readme(PROGRAM))
}

/// What kind of wheel it is, and for which platforms.
fn wheel(platforms: &str) -> String {
    let tags: String = platforms
        .split('.')
        .map(|platform| format!("Tag: py3-none-{platform}\n"))
        .collect();
    format!("Wheel-Version: 1.0\nGenerator: pgdumprs xtask\nRoot-Is-Purelib: false\n{tags}")
}

/// The list of files with their checksums, but for its own.
fn record_of(members: &[Member], own: &str) -> String {
    let mut lines: Vec<_> = members
        .iter()
        .map(|member| {
            let sum = URL_SAFE_NO_PAD.encode(Sha256::digest(&member.contents));
            format!("{},sha256={sum},{}\n", member.path, member.contents.len())
        })
        .collect();
    lines.push(format!("{own},,\n"));
    lines.concat()
}
