//! Scripts that would take the place of the archive that they are made of.

use std::fs::{self, Metadata};
use std::io;
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use anyhow::bail;

/// What the names of an archive's files end with, in a folder.
const ENDINGS: [&str; 2] = [".dat", ".toc"];
/// What follows those that are compressed.
const SUFFIXES: [&str; 4] = ["", ".gz", ".lz4", ".zst"];

/// Fails where the file for the script is the archive, by whatever name, or a part of it.
pub(super) fn refuse(archive: &Path, output: &Path) -> anyhow::Result<()> {
    // What is not there, or no file, holds no archive.
    let Some(found) = fs::metadata(output).ok().filter(Metadata::is_file) else {
        return Ok(());
    };
    let is_itself = opened(archive).is_ok_and(|archive| is_same(&archive, &found));
    if is_itself || is_part(archive, output) {
        bail!(
            "\"{}\" is {}: a script in its place would be the end of it",
            output.display(),
            if is_itself {
                "the archive itself"
            } else {
                "a part of the archive"
            }
        );
    }
    Ok(())
}

/// What the archive is read from.
fn opened(archive: &Path) -> io::Result<Metadata> {
    if archive != Path::new("-") {
        return fs::metadata(archive);
    }
    let input = io::stdin().as_fd().try_clone_to_owned()?;
    fs::File::from(input).metadata()
}

fn is_same(one: &Metadata, other: &Metadata) -> bool {
    (one.dev(), one.ino()) == (other.dev(), other.ino())
}

/// Whether a file is one of those that make a folder an archive.
fn is_part(archive: &Path, output: &Path) -> bool {
    let Ok(output) = output.canonicalize() else {
        return false;
    };
    let name = output.file_name().unwrap_or_default().as_encoded_bytes();
    let has_name = SUFFIXES.iter().any(|suffix| {
        let name = name.strip_suffix(suffix.as_bytes()).unwrap_or_default();
        ENDINGS
            .iter()
            .any(|ending| name.ends_with(ending.as_bytes()))
    });
    has_name
        && archive
            .canonicalize()
            .is_ok_and(|folder| output.parent() == Some(&folder))
}
