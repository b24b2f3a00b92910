//! A look at what has a name of a backup's: whether it is one, and whether all of it is there.

use std::collections::BTreeMap;
use std::io::{Read, Seek};

use pgdumprs_archive::{Error as ArchiveError, Reader};

use super::age::{self, Key};
use crate::server_backup::manifest::{INCOMPLETE, MANIFEST, Manifest};

/// What a look has come to.
pub(super) enum Look {
    /// It is a backup.
    Backup(Looked),
    /// It is none, or nobody can tell.
    Left(String),
}

/// A backup that was looked at.
pub(super) struct Looked {
    /// What is missing, if anything is.
    pub(super) problem: Option<String>,
    /// Its bytes, in all of its files.
    pub(super) bytes: u64,
    /// What it is made of.
    pub(super) parts: Parts,
}

/// What a backup is made of.
pub(super) enum Parts {
    /// One file or object.
    One,
    /// Those in a folder that belong to it, by their names.
    Folder {
        /// The file that names the others, and how it is called while these are removed: under that name, nobody takes the folder for a whole backup.
        list: String,
        unfinished: String,
        /// The others.
        files: Vec<String>,
    },
}

/// What the table of contents of a folder is called while its files are removed.
pub(super) const UNFINISHED_TOC: &str = "toc.dat.incomplete";

/// Looks at one file or object of this length, into which `key` leads where it is encrypted.
pub(super) fn at_file(mut input: impl Read + Seek, length: u64, key: &Key) -> Look {
    let mut start = Vec::new();
    if let Err(error) = input
        .by_ref()
        .take(age::MAGIC.len() as u64)
        .read_to_end(&mut start)
    {
        return unread(&error);
    }
    if let Err(error) = input.rewind() {
        return unread(&error);
    }
    if start != age::MAGIC {
        return at_archive(input, length);
    }
    match age::problem(&mut input, length) {
        Err(error) => unread(&error),
        Ok(Some(problem)) => one(Some(problem), length),
        Ok(None) => match input.rewind() {
            Err(error) => unread(&error),
            Ok(()) => key.look(input, length),
        },
    }
}

/// Looks at an archive that can be read, in a file or an object of this length.
pub(super) fn at_archive(input: impl Read + Seek, length: u64) -> Look {
    let problem = match Reader::seekable(input).and_then(|mut reader| reader.check_end()) {
        Ok(()) => None,
        Err(ArchiveError::NotAnArchive(what)) => {
            return Look::Left(format!(
                "it is no archive: {}",
                ArchiveError::NotAnArchive(what)
            ));
        }
        Err(
            error @ (ArchiveError::Truncated { .. }
            | ArchiveError::Corrupt { .. }
            | ArchiveError::MissingData { .. }),
        ) => Some(error.to_string()),
        // What a newer program has written may be whole.
        Err(error) => return unread(&error),
    };
    one(problem, length)
}

/// A backup in one file or object.
pub(super) fn one(problem: Option<String>, bytes: u64) -> Look {
    Look::Backup(Looked {
        problem,
        bytes,
        parts: Parts::One,
    })
}

fn unread(error: &dyn std::fmt::Display) -> Look {
    Look::Left(format!("it cannot be read: {error}"))
}

/// Looks at a folder with a manifest, by the names and lengths of all its files; `read` gives the text of one.
pub(super) fn at_manifest(
    files: &BTreeMap<String, u64>,
    read: impl Fn(&str) -> Result<Vec<u8>, String>,
) -> Option<Look> {
    let list = [MANIFEST, INCOMPLETE]
        .into_iter()
        .find(|&name| files.contains_key(name))?;
    let manifest = read(list).and_then(|text| Manifest::parse(&text));
    let manifest = match manifest {
        Ok(manifest) => manifest,
        Err(reason) => return Some(Look::Left(format!("its {list} cannot be read: {reason}"))),
    };
    let archives = manifest
        .databases
        .iter()
        .filter_map(|row| row.archive.as_ref());
    let named: Vec<_> = archives.chain([&manifest.globals]).collect();
    let all = manifest.files();
    if let Some(odd) = all.iter().find(|name| !is_name(name)) {
        return Some(Look::Left(format!(
            "its {list} names \"{odd}\", which is no file of a folder"
        )));
    }
    let mut problem = match list {
        MANIFEST if manifest.complete && manifest.archives().next().is_none() => {
            Some("it has no database".to_owned())
        }
        MANIFEST if manifest.complete => None,
        _ => Some("a part of it is missing".to_owned()),
    };
    let names = all.iter().map(String::as_str).chain([list]);
    let bytes = names.filter_map(|name| files.get(name)).sum();
    for file in &named {
        match files.get(&file.file) {
            None => _ = problem.get_or_insert(format!("{} is missing", file.file)),
            Some(&size) if size != file.size => {
                let wrong = format!("{} has {size} bytes rather than {}", file.file, file.size);
                problem.get_or_insert(wrong);
            }
            Some(_) => {}
        }
    }
    Some(Look::Backup(Looked {
        problem,
        bytes,
        parts: Parts::Folder {
            list: list.to_owned(),
            unfinished: INCOMPLETE.to_owned(),
            files: all.into_iter().collect(),
        },
    }))
}

/// Why a folder is none that is looked into.
pub(super) fn no_list() -> Look {
    Look::Left(format!(
        "it has no {MANIFEST} and no toc.dat, so that nothing says which files are a backup's"
    ))
}

/// Whether it names a file right in a folder, on every system.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name != "." && name != ".." && !name.contains(['/', '\\', ':', '\0'])
}
