//! Old backups: names by templates, and what is removed after a dump and by `prune`.

mod dump;
mod store;
#[path = "../support/mod.rs"]
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use support::run;

/// An archive of a few kilobytes.
fn archive() -> Vec<u8> {
    let corpus = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/own-zstd.dump");
    fs::read(corpus).unwrap()
}

/// The names in a folder.
fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).unwrap();
    files
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect()
}

/// Runs a command that must succeed, and returns what it prints and says.
fn succeeds(command: &mut Command) -> (String, String) {
    let output = run(command);
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{command:?}: {said}");
    (String::from_utf8(output.stdout).unwrap(), said)
}
