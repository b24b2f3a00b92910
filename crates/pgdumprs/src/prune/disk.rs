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
use super::killed::{self, Emptied};
use super::look::{self, Look, Looked, Parts, UNFINISHED_TOC};
use super::template::{BackupTemplate, Below};
use crate::output::folder::TOC;
use crate::output::{gone, making};

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

    /// What has names that the template makes, or, with `begun`, is in the making and will have such a name: that name, and where it is.
    fn candidates(&self, begun: bool) -> Result<Vec<(String, PathBuf)>, PruneError> {
        let mut found = Vec::new();
        self.walk(&self.root, (0, begun), "", &mut found)?;
        Ok(found)
    }

    fn walk(
        &self,
        folder: &Path,
        (depth, begun): (usize, bool),
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
            let name = name
                .to_str()
                .and_then(|name| match begun && self.below.is_last(depth) {
                    true => making::name_to_be(name),
                    false => Some(name),
                });
            let Some(name) = name.filter(|name| self.below.fits(depth, name)) else {
                continue;
            };
            let relative = format!("{before}{name}");
            if self.below.is_last(depth) {
                found.push((relative, entry.path()));
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let below = (depth + 1, begun);
                self.walk(&entry.path(), below, &format!("{relative}/"), found)?;
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
        let mut look = look::at_manifest(&files, read)
            .or_else(|| killed::only_begun(&files))
            .or_else(|| killed::unfinished_archive(&files))
            .unwrap_or_else(|| at_archive(path, &files));
        let Look::Backup(looked) = &mut look else {
            return (look, None, true);
        };
        let is_living = killed::add_begun(path, &files, looked);
        let list = match &looked.parts {
            Parts::Folder { list, .. } => path.join(list),
            Parts::One => return (look, None, true),
        };
        match fs::symlink_metadata(&list) {
            Err(error) => left(format!("it cannot be looked into: {error}")),
            Ok(found) => {
                let is_settled = !is_living && is_settled(last, self.now);
                (look, Some(Identity::of(&found)), is_settled)
            }
        }
    }
}

/// Looks at a folder as an archive in the directory format.
fn at_archive(path: &Path, files: &BTreeMap<String, u64>) -> Look {
    let inventory = match FolderInventory::read(path, TOC) {
        Err(pgdumprs_archive::Error::NotAnArchive(_)) if files.contains_key(UNFINISHED_TOC) => {
            FolderInventory::read(path, UNFINISHED_TOC).map(|mut inventory| {
                inventory.missing.get_or_insert(TOC.to_owned());
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
        for (relative, path) in self.candidates(false)? {
            let Some(moment) = self.below.moment(&relative) else {
                continue;
            };
            candidates.push(Candidate {
                name: self.shown(&path),
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
                if !path.exists() {
                    return Ok(());
                }
                let emptied = Emptied::begin(path, list)?;
                let named = path.join(list);
                if is_same(&named)? != Some(true) {
                    return Err(CHANGED.to_owned());
                }
                emptied.check(files)?;
                if list != unfinished {
                    let renamed = fs::rename(&named, path.join(unfinished));
                    renamed.map_err(|error| failed(&named, &error))?;
                }
                for file in files {
                    emptied.remove(file)?;
                }
                emptied.remove(unfinished)?;
                emptied.end()?;
            }
        }
        self.remove_empty(path);
        Ok(())
    }

    fn clear_begun(&self, newest: DateTime, is_dry_run: bool) -> Vec<String> {
        // Those in the folders of a server's dump or of an archive are no names of a template: they go with the folder.
        let begun = match self.names_folders {
            true => Vec::new(),
            false => self.candidates(true).unwrap_or_default(),
        };
        let mut removed = Vec::new();
        for (relative, path) in begun {
            let is_older = self
                .below
                .moment(&relative)
                .is_some_and(|moment| moment < newest);
            let last = fs::symlink_metadata(&path).and_then(|found| found.modified());
            let is_settled = last.is_ok_and(|last| is_settled(Some(last), self.now));
            let clears = || match is_dry_run {
                true => making::is_dead(&path),
                false => making::remove_dead(&path),
            };
            if is_older && is_settled && clears().unwrap_or(false) {
                removed.push(self.shown(&path));
                if !is_dry_run {
                    self.remove_empty(&path);
                }
            }
        }
        removed.sort();
        removed
    }
}

const CHANGED: &str = "it has changed since it was looked at";

impl Disk {
    /// A path as the template would have it.
    fn shown(&self, path: &Path) -> String {
        match self.root == Path::new(".") {
            true => path.strip_prefix(".").unwrap_or(path).display().to_string(),
            false => path.display().to_string(),
        }
    }

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
