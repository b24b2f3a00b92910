//! The licences of what others have made and a program contains.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::crates::{Crate, Crates};
use super::target::Target;
use crate::build::workspace;

/// The file's name among those that are packed.
pub(crate) const NAME: &str = "THIRD-PARTY-LICENSES.txt";

/// How files of licences are called, whatever comes after it.
const LICENCE_FILES: [&str; 5] = ["LICENSE", "LICENCE", "COPYING", "COPYRIGHT", "NOTICE"];

/// The folder that some keep them in, each by its name.
const LICENCE_FOLDER: &str = "LICENSES";

/// What a target's program contains besides crates, each with a file of `packaging/licenses`.
fn runtimes(target: &Target) -> Vec<(&'static str, &'static str)> {
    let mut runtimes = vec![("Rust's standard library", "rust.txt")];
    if target.is_windows() {
        runtimes.push(("the runtime of mingw-w64", "mingw-w64.txt"));
    } else if !target.is_macos() {
        runtimes.push(("musl", "musl.txt"));
    }
    runtimes
}

/// All of them as a text: what is contained, under which licence, and each licence's text once for all that have it.
///
/// # Errors
///
/// When a crate comes without the text of its licence.
pub(crate) fn text(target: &Target, crates: &Crates) -> Result<String> {
    let mut list = String::new();
    // By their words, since one text is set in many ways.
    let mut texts: BTreeMap<String, (String, Vec<String>)> = BTreeMap::new();
    let mut add = |text: String, of: String| {
        let (_, all) = texts.entry(words(&text)).or_insert((text, Vec::new()));
        all.push(of);
    };
    for (id, described) in crates.of_others() {
        writeln!(list, "{id}: {}", described.licence)?;
        let mut found = licence_files(&described.folder)?;
        if found.is_empty() {
            found.extend(without_file(described)?);
        }
        ensure!(
            !found.is_empty(),
            "{id} comes without a file of its licence, and has none whose text is known"
        );
        for text in found {
            add(text, id.to_string());
        }
    }
    for (what, file) in runtimes(target) {
        let path = workspace().join("packaging/licenses").join(file);
        add(read(&path)?, what.to_owned());
    }
    let mut text =
        format!("pgdumprs contains what others have made. Their licences follow.\n\n{list}\n");
    // Those of the most come first, so that the file is alike for all targets.
    let mut texts: Vec<_> = texts.into_values().collect();
    texts.sort_by(|(_, one), (_, other)| other.len().cmp(&one.len()).then(one.cmp(other)));
    for (licence, of) in texts {
        writeln!(text, "{}\n{}\n\n{licence}\n", "=".repeat(80), of.join(", "))?;
    }
    Ok(text)
}

/// The text of the licence that a crate without a file of it has: the one of Apache, which is the same for all, where it may be had under that, or MIT's, with
/// its authors as those who have the rights.
fn without_file(described: &Crate) -> Result<Option<String>> {
    let mut licences = described.licence.split(" OR ");
    if licences.any(|licence| licence == "Apache-2.0") {
        return read(&workspace().join("LICENSE-APACHE")).map(Some);
    }
    if described.licence != "MIT" || described.authors.is_empty() {
        return Ok(None);
    }
    let authors = format!("Copyright (c) {}", described.authors.join(", "));
    let text = read(&workspace().join("LICENSE-MIT"))?;
    let ours = text.lines().find(|line| line.starts_with("Copyright (c)"));
    let ours = ours.context("our own licence has nobody's copyright")?;
    Ok(Some(text.replacen(ours, &authors, 1)))
}

/// The texts of a crate's licences. Of two settings of one text there is one.
fn licence_files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for path in listed(folder)? {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let name = name.to_uppercase();
        let is_one = LICENCE_FILES.iter().any(|start| name.starts_with(start));
        if (is_one || name == "UNLICENSE") && path.is_file() {
            found.push(read(&path)?);
        } else if name == LICENCE_FOLDER {
            for path in listed(&path)? {
                found.push(read(&path)?);
            }
        }
    }
    found.sort();
    found.sort_by_cached_key(|text| words(text));
    found.dedup_by_key(|text| words(text));
    Ok(found)
}

/// What is in a folder.
fn listed(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect()
    });
    entries.with_context(|| format!("listing {}", folder.display()))
}

/// What makes a text the same as another, whatever its lines and margins.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A text without what does not show: ends of lines of either kind, spaces before them, empty lines around it.
fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).with_context(|| format!("reading {}", path.display()))?;
    let text = String::from_utf8_lossy(&bytes);
    let lines: Vec<_> = text.lines().map(str::trim_end).collect();
    Ok(lines.join("\n").trim_matches('\n').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_linked_crate_of_every_target_has_its_licence() {
        let musl = fs::read_to_string(workspace().join("packaging/licenses/musl.txt")).unwrap();
        assert!(musl.contains("Rich Felker"));
        for target in Target::all() {
            let crates = Crates::linked(target.triple).unwrap();
            let text = text(target, &crates).unwrap();
            for (id, _) in crates.of_others() {
                assert!(text.contains(&format!("{id}: ")), "{id}");
            }
            // Those that say the same have one copy.
            let copies = text.matches("TERMS AND CONDITIONS FOR USE").count();
            let of_many = crates.of_others().count() / 5;
            assert!(copies < of_many, "{copies}");
            assert!(text.contains("Copyright (c) The Rust Project Contributors"));
            // It has no file, and says who has made it.
            assert!(text.contains("Copyright (c) Clark Moody\n"));
            assert_eq!(text.contains("mingw-w64 project"), target.is_windows());
            // A crate has taken from musl, and names its authors too.
            let musl = format!("\nmusl\n\n{}\n", musl.trim_matches('\n'));
            assert_eq!(text.contains(&musl), target.triple.ends_with("musl"));
        }
    }

    #[test]
    fn settings_of_one_text_are_one() {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("LICENSE-MIT", "  One.  \r\n  Two.\r\n"),
            ("COPYING", "\nOne.\nTwo."),
            ("Notice.txt", "Three."),
            ("README.md", "Four."),
            ("LICENSES/MIT.txt", "Five."),
        ] {
            let file = folder.path().join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, text).unwrap();
        }
        assert_eq!(
            licence_files(folder.path()).unwrap(),
            ["Five.", "  One.\n  Two.", "Three."]
        );
    }
}
