//! Scripts that would take the place of the archive that they are made of.

use std::io;
use std::path::Path;

use anyhow::bail;
use same_file::Handle;

/// What the names of an archive's files end with, in a folder.
const ENDINGS: [&str; 2] = [".dat", ".toc"];
/// What follows those that are compressed.
const SUFFIXES: [&str; 4] = ["", ".gz", ".lz4", ".zst"];

/// Fails where the file for the script is the archive, by whatever name, or a part of it.
pub(super) fn refuse(archive: &Path, output: &Path) -> anyhow::Result<()> {
    // What is not there, or no file, holds no archive.
    if !output.is_file() {
        return Ok(());
    }
    let is_itself = is_same(archive, output).unwrap_or(false);
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

/// Whether the archive is read from the file. A pipe is not opened to find that out: whoever writes to it would take us for its reader.
fn is_same(archive: &Path, file: &Path) -> io::Result<bool> {
    let archive = if archive == Path::new("-") {
        Handle::stdin()?
    } else if archive.is_file() {
        Handle::from_path(archive)?
    } else {
        return Ok(false);
    };
    Ok(archive == Handle::from_path(file)?)
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
