//! What dumps that were killed have left in a folder of a disk.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use pgdumprs_archive::FolderInventory;

use super::look::{Look, Looked, Parts};
use crate::output::folder::TOC;
use crate::output::{Hold, gone, making};
use crate::server_backup::manifest::{INCOMPLETE, MANIFEST};

/// A folder in which nothing but the list of its files was in the making, by the names and lengths of all its files.
pub(super) fn only_begun(files: &BTreeMap<String, u64>) -> Option<Look> {
    let mut names = files.keys();
    let list = names.next()?;
    let is_list = |name: &String| making::is_to_be(name, INCOMPLETE);
    files.keys().all(is_list).then(|| {
        Look::Backup(Looked {
            problem: Some("it was only begun".to_owned()),
            bytes: files.values().sum(),
            parts: Parts::Folder {
                list: list.clone(),
                unfinished: list.clone(),
                files: names.cloned().collect(),
            },
        })
    })
}

/// A folder in which an archive was being made, and nothing else is, by the names and lengths of all its files.
pub(super) fn unfinished_archive(files: &BTreeMap<String, u64>) -> Option<Look> {
    let names = files.keys().map(String::as_str);
    let left = names.filter(|name| !making::is_to_be(name, TOC));
    let left = FolderInventory::unfinished(left)?;
    Some(Look::Backup(Looked {
        problem: Some("its dump did not come to its end".to_owned()),
        bytes: files.values().sum(),
        parts: Parts::Folder {
            list: left.toc.clone(),
            unfinished: left.toc,
            files: left.files,
        },
    }))
}

/// Adds what is in the making of a folder's files to these, and says whether somebody is still at any of it, or nobody can tell.
pub(super) fn add_begun(path: &Path, files: &BTreeMap<String, u64>, looked: &mut Looked) -> bool {
    let Looked { parts, bytes, .. } = looked;
    let Parts::Folder {
        list, files: own, ..
    } = parts
    else {
        return false;
    };
    let is_own = |name: &str| {
        let mut names = own.iter().map(String::as_str);
        let lists: &[&str] = match kept_by(list) {
            TOC => &[list, TOC],
            kept_by => &[list, kept_by, MANIFEST],
        };
        names.any(|own| making::is_to_be(name, own))
            || lists.iter().any(|own| making::is_to_be(name, own))
    };
    let begun: Vec<String> = files.keys().filter(|name| is_own(name)).cloned().collect();
    let is_living = living(path, &begun).is_some();
    for name in begun {
        if name != *list && !own.contains(&name) {
            *bytes += files[&name];
            own.push(name);
        }
    }
    is_living
}

/// The list by which those who write into a folder keep others out, as against the one that it has.
fn kept_by(list: &str) -> &'static str {
    match [INCOMPLETE, MANIFEST].contains(&list) || making::is_to_be(list, INCOMPLETE) {
        true => INCOMPLETE,
        false => TOC,
    }
}

/// The first of these files in the making that somebody is at, or of which nobody can tell.
fn living<'a>(path: &Path, begun: &'a [String]) -> Option<&'a str> {
    let is_living = |name: &&String| !making::is_dead(&path.join(name)).unwrap_or(false);
    begun.iter().find(is_living).map(String::as_str)
}

/// A folder that nobody else writes into while its files are removed.
pub(super) struct Emptied<'a> {
    path: &'a Path,
    hold: Hold,
    own: PathBuf,
}

impl<'a> Emptied<'a> {
    /// Keeps others out of a folder with this list. The error says that somebody writes there.
    pub(super) fn begin(path: &'a Path, list: &str) -> Result<Self, String> {
        let list = path.join(kept_by(list));
        let hold = Hold::of(&list).map_err(|error| {
            format!(
                "could not keep others out of \"{}\": {error}",
                path.display()
            )
        })?;
        let hold = hold.ok_or("a dump is being written into it")?;
        Ok(Self {
            path,
            own: Hold::path(&list),
            hold,
        })
    }

    /// Fails where somebody is at one of these files.
    pub(super) fn check(&self, files: &[String]) -> Result<(), String> {
        let begun = files.iter().filter(|name| self.is_begun(name)).cloned();
        let begun: Vec<String> = begun.collect();
        match living(self.path, &begun) {
            Some(name) => Err(format!("{name} in it is being written")),
            None => Ok(()),
        }
    }

    /// Removes one of its files. What is not there is removed.
    pub(super) fn remove(&self, name: &str) -> Result<(), String> {
        let path = self.path.join(name);
        let failed = |error| format!("could not remove \"{}\": {error}", path.display());
        if path == self.own {
            return Ok(());
        }
        if !self.is_begun(name) {
            return gone(fs::remove_file(&path)).map_err(failed);
        }
        match making::remove_dead(&path).map_err(failed)? {
            true => Ok(()),
            false => Err(format!("{name} in it is being written")),
        }
    }

    /// Removes the folder itself, if nothing is left in it.
    pub(super) fn end(self) -> Result<(), String> {
        drop(self.hold);
        match gone(fs::remove_dir(self.path)) {
            Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => Err(format!(
                "could not remove \"{}\": {error}",
                self.path.display()
            )),
            _ => Ok(()),
        }
    }

    fn is_begun(&self, name: &str) -> bool {
        making::name_to_be(name).is_some() && self.path.join(name) != self.own
    }
}
