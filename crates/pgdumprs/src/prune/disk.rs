//! Backups in folders of a disk.

use std::collections::BTreeMap;
use std::fs::{self, File, Metadata};
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use jiff::civil::DateTime;
use pgdumprs_archive::FolderInventory;

use super::PruneError;
use super::age::Key;
use super::found::{Candidate, Found, Place, is_settled};
use super::look::{self, Look, Looked, Parts, UNFINISHED_TOC};
use super::template::{BackupTemplate, Below};

/// The folder that all backups of a template are in.
pub(super) struct Disk {
    root: PathBuf,
    below: Below,
    names_folders: bool,
    now: SystemTime,
    key: Key,
}

/// What tells a file from another that has got its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    length: u64,
    modified: Option<SystemTime>,
    /// The file's number, where the system has such.
    number: u64,
}

impl Identity {
    fn of(found: &Metadata) -> Self {
        #[cfg(unix)]
        let number = std::os::unix::fs::MetadataExt::ino(found);
        #[cfg(not(unix))]
        let number = 0;
        Identity {
            length: found.len(),
            modified: found.modified().ok(),
            number,
        }
    }
}

impl Disk {
    pub(super) fn new(template: &BackupTemplate, now: SystemTime, key: Key) -> Self {
        Disk {
            root: template.root(),
            below: template.below(),
            names_folders: template.names_folders(),
            now,
            key,
        }
    }

    /// What has names that the template makes.
    fn candidates(&self) -> Result<Vec<(String, PathBuf)>, PruneError> {
        let mut found = Vec::new();
        self.walk(&self.root, 0, "", &mut found)?;
        Ok(found)
    }

    fn walk(
        &self,
        folder: &Path,
        depth: usize,
        before: &str,
        found: &mut Vec<(String, PathBuf)>,
    ) -> Result<(), PruneError> {
        let unread = |source| PruneError::Folder {
            folder: folder.to_owned(),
            source,
        };
        let entries = match fs::read_dir(folder) {
            // It was removed since its name was read.
            Err(error) if depth > 0 && error.kind() == io::ErrorKind::NotFound => return Ok(()),
            entries => entries.map_err(unread)?,
        };
        for entry in entries {
            let entry = entry.map_err(unread)?;
            let name = entry.file_name();
            // What the template makes is Unicode.
            let Some(name) = name.to_str().filter(|name| self.below.fits(depth, name)) else {
                continue;
            };
            let relative = format!("{before}{name}");
            if self.below.is_last(depth) {
                found.push((relative, entry.path()));
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                self.walk(&entry.path(), depth + 1, &format!("{relative}/"), found)?;
            }
        }
        Ok(())
    }

    fn look(&self, path: &Path) -> (Look, Option<Identity>, bool) {
        let left = |reason: &str| (Look::Left(reason.to_owned()), None, true);
        let found = match fs::symlink_metadata(path) {
            Ok(found) => found,
            Err(error) => return left(&format!("it cannot be looked at: {error}")),
        };
        let kind = found.file_type();
        if kind.is_symlink() {
            return left("it is a symbolic link");
        }
        if kind.is_dir() {
            return self.look_into(path);
        }
        if !kind.is_file() {
            return left("it is neither a file nor a folder");
        }
        if self.names_folders {
            return left("it is a file, and the template names folders");
        }
        match File::open(path) {
            Err(error) => left(&format!("it cannot be read: {error}")),
            Ok(file) => (
                look::at_file(file, found.len(), &self.key),
                Some(Identity::of(&found)),
                is_settled(found.modified().ok(), self.now),
            ),
        }
    }

    fn look_into(&self, path: &Path) -> (Look, Option<Identity>, bool) {
        let left = |reason: String| (Look::Left(reason), None, true);
        let mut files = BTreeMap::new();
        let mut last = None;
        let listed = fs::read_dir(path).and_then(|entries| {
            for entry in entries {
                let entry = entry?;
                let kind = entry.file_type()?;
                if let (Ok(name), true) = (entry.file_name().into_string(), kind.is_file()) {
                    let found = entry.metadata()?;
                    last = last.max(found.modified().ok());
                    files.insert(name, found.len());
                }
            }
            Ok(())
        });
        if let Err(error) = listed {
            return left(format!("it cannot be looked into: {error}"));
        }
        let read = |name: &str| fs::read(path.join(name)).map_err(|error| error.to_string());
        let look = look::at_manifest(&files, read).unwrap_or_else(|| at_archive(path, &files));
        let list = match &look {
            Look::Backup(Looked {
                parts: Parts::Folder { list, .. },
                ..
            }) => path.join(list),
            _ => return (look, None, true),
        };
        match fs::symlink_metadata(&list) {
            Err(error) => left(format!("it cannot be looked into: {error}")),
            Ok(found) => (look, Some(Identity::of(&found)), is_settled(last, self.now)),
        }
    }
}

/// Looks at a folder as an archive in the directory format.
fn at_archive(path: &Path, files: &BTreeMap<String, u64>) -> Look {
    let inventory = match FolderInventory::read(path, "toc.dat") {
        Err(pgdumprs_archive::Error::NotAnArchive(_)) if files.contains_key(UNFINISHED_TOC) => {
            FolderInventory::read(path, UNFINISHED_TOC).map(|mut inventory| {
                inventory.missing.get_or_insert("toc.dat".to_owned());
                inventory
            })
        }
        inventory => inventory,
    };
    let inventory = match inventory {
        Err(pgdumprs_archive::Error::NotAnArchive(_)) => return look::no_list(),
        Err(error) => return Look::Left(format!("it cannot be read: {error}")),
        Ok(inventory) => inventory,
    };
    let names = inventory.files.iter().chain([&inventory.toc]);
    if let Some(odd) = names.clone().find(|name| !files.contains_key(*name)) {
        return Look::Left(format!("{odd} in it is no regular file"));
    }
    Look::Backup(Looked {
        problem: inventory.missing.map(|name| format!("{name} is missing")),
        bytes: names.filter_map(|name| files.get(name)).sum(),
        parts: Parts::Folder {
            list: inventory.toc,
            unfinished: UNFINISHED_TOC.to_owned(),
            files: inventory.files,
        },
    })
}

impl Place for Disk {
    type Seen = (PathBuf, Option<Identity>);

    fn find(&self) -> Result<Vec<Candidate<Self::Seen>>, PruneError> {
        let mut candidates = Vec::new();
        for (relative, path) in self.candidates()? {
            let Some(moment) = self.below.moment(&relative) else {
                continue;
            };
            let name = match self.root == Path::new(".") {
                true => path
                    .strip_prefix(".")
                    .unwrap_or(&path)
                    .display()
                    .to_string(),
                false => path.display().to_string(),
            };
            candidates.push(Candidate {
                name,
                moment,
                seen: (path, None),
            });
        }
        Ok(candidates)
    }

    fn look(&self, candidate: &mut Candidate<Self::Seen>) -> (Look, bool) {
        let (look, identity, is_settled) = self.look(&candidate.seen.0);
        candidate.seen.1 = identity;
        (look, is_settled)
    }

    fn remove(&self, found: &Found<Self::Seen>) -> Result<(), String> {
        let (path, identity) = &found.candidate.seen;
        let is_same = |path: &Path| match fs::symlink_metadata(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(format!("it cannot be looked at: {error}")),
            Ok(now) => Ok(Some(Some(Identity::of(&now)) == *identity)),
        };
        let failed = |path: &Path, error: &io::Error| {
            format!("could not remove \"{}\": {error}", path.display())
        };
        match &found.looked.parts {
            Parts::One => match is_same(path)? {
                None => return Ok(()),
                Some(false) => return Err(CHANGED.to_owned()),
                Some(true) => gone(fs::remove_file(path)).map_err(|error| failed(path, &error))?,
            },
            Parts::Folder {
                list,
                unfinished,
                files,
            } => {
                let (list, unfinished) = (path.join(list), path.join(unfinished));
                match is_same(&list)? {
                    None if !path.exists() => return Ok(()),
                    None | Some(false) => return Err(CHANGED.to_owned()),
                    Some(true) => {}
                }
                if list != unfinished {
                    fs::rename(&list, &unfinished).map_err(|error| failed(&list, &error))?;
                }
                for file in files {
                    let file = path.join(file);
                    gone(fs::remove_file(&file)).map_err(|error| failed(&file, &error))?;
                }
                gone(fs::remove_file(&unfinished)).map_err(|error| failed(&unfinished, &error))?;
                match gone(fs::remove_dir(path)) {
                    Err(error) if error.kind() != io::ErrorKind::DirectoryNotEmpty => {
                        return Err(failed(path, &error));
                    }
                    _ => {}
                }
            }
        }
        self.remove_empty(path);
        Ok(())
    }

    /// What is begun here has no name until it is complete, and is gone with whoever began it.
    fn abort_begun(&self, _: DateTime, _: bool) -> Vec<String> {
        Vec::new()
    }
}

const CHANGED: &str = "it has changed since it was looked at";

impl Disk {
    /// Removes the folders above a backup that have nothing in them any more, up to the one that all backups are in.
    fn remove_empty(&self, path: &Path) {
        let above = path.ancestors().skip(1);
        for folder in
            above.take_while(|folder| *folder != self.root && folder.starts_with(&self.root))
        {
            // One that is not empty stays, and so do those above it.
            if fs::remove_dir(folder).is_err() {
                return;
            }
        }
    }
}

/// What is not there is removed.
fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}
