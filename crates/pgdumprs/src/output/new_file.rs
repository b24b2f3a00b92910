//! A file in the making, beside its final name.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use pgdumprs_archive::files;
use tempfile::{PathPersistError, TempPath};

use super::making::{self, ENDING, beginning, shortened};
use super::{failed, folder_of, system};
use crate::Error;

/// How many names are tried for an archive that cannot have its own.
const MOST_NAMES: u32 = 100;

/// The names of a file in the making: it is written beside its final name, and removed when this is dropped before [`NewFile::commit`],
/// whoever has it open.
///
/// A process that is killed leaves it behind, and the next one under that name removes it: see [`making`].
#[derive(Debug)]
pub(crate) struct NewFile {
    partial: TempPath,
    path: PathBuf,
}

impl NewFile {
    /// Starts a file in the folder of `path`, with the permissions that a new file there has, and removes what dead processes have left of
    /// others under that name.
    pub(crate) fn create(path: &Path) -> io::Result<(Self, File)> {
        // The process's umask takes its part away, as it does for any new file.
        Self::with_mode(path, 0o666)
    }

    /// As [`NewFile::create`], for its owner alone, where the system has such permissions.
    pub(crate) fn create_private(path: &Path) -> io::Result<(Self, File)> {
        Self::with_mode(path, 0o600)
    }

    #[cfg_attr(not(unix), expect(unused_variables))]
    fn with_mode(path: &Path, mode: u32) -> io::Result<(Self, File)> {
        let folder = folder_of(path);
        let beginning = beginning(path.file_name().unwrap_or_default());
        let mut builder = tempfile::Builder::new();
        builder.prefix(&beginning).suffix(ENDING);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        remove_dead(folder, &beginning);
        loop {
            let (file, partial) = builder.tempfile_in(folder)?.into_parts();
            // Before it was locked, somebody may have taken it for a dead one's.
            let is_free = system::lock(&file).unwrap_or(true);
            if is_free && system::has_name(&file, &partial)? {
                let path = path.to_owned();
                return Ok((Self { partial, path }, file));
            }
        }
    }

    /// Gives the file its name in place of whatever had that name before, and syncs the folder if `sync` says so.
    ///
    /// # Errors
    ///
    /// [`Error::NotInPlace`], where the name cannot be had: the file is kept then. [`Error::Output`], where the folder cannot be synced.
    pub(crate) fn commit(self, sync: bool) -> Result<(), Error> {
        let Self { partial, path } = self;
        if let Err(PathPersistError { error, path: left }) = persist(partial, &path) {
            let kept = keep(left, &path);
            return Err(Error::NotInPlace {
                path,
                kept,
                source: error,
            });
        }
        if !sync {
            return Ok(());
        }
        files::sync_folder(folder_of(&path)).map_err(failed("sync the folder of", &path))
    }
}

/// Gives a file in the making its name.
fn persist(partial: TempPath, path: &Path) -> Result<(), PathPersistError> {
    let mut left = Some(partial);
    let persisted = files::rename_to(path, || {
        match left.take().map(|partial| partial.persist(path)) {
            Some(Err(PathPersistError { error, path })) => {
                left = Some(path);
                Err(error)
            }
            _ => Ok(()),
        }
    });
    match (persisted, left) {
        (Err(error), Some(path)) => Err(PathPersistError { error, path }),
        _ => Ok(()),
    }
}

/// Removes files in the making that nobody has locked. What cannot be removed stays: it is in nobody's way.
fn remove_dead(folder: &Path, beginning: &OsStr) {
    let is_partial = |name: &OsStr| {
        let name = name.as_encoded_bytes();
        name.starts_with(beginning.as_encoded_bytes()) && name.ends_with(ENDING.as_bytes())
    };
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let is_file = entry.file_type().is_ok_and(|kind| kind.is_file());
        if is_file && is_partial(&entry.file_name()) {
            let _ = making::remove_dead(&entry.path());
        }
    }
}

/// Keeps a complete file that cannot have its name under another that can be seen, if there is one, and says which it has.
fn keep(partial: TempPath, path: &Path) -> PathBuf {
    let mut partial = partial;
    for number in 1..MOST_NAMES {
        let mut name = shortened(path.file_name().unwrap_or_default());
        name.push(".complete");
        if number > 1 {
            name.push(format!("-{number}"));
        }
        let name = path.with_file_name(name);
        match partial.persist_noclobber(&name) {
            Ok(()) => return name,
            Err(PathPersistError { error, path }) => {
                partial = path;
                if error.kind() != io::ErrorKind::AlreadyExists {
                    break;
                }
            }
        }
    }
    let name = partial.to_path_buf();
    // Kept or not, it is not removed any more.
    let _ = partial.keep();
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[cfg(unix)]
    #[test]
    fn what_the_dead_left_is_removed_and_what_the_living_write_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.dump");
        let (living, file) = NewFile::create(&path).unwrap();
        let dead = folder.path().join(".db.dump.pgdumprs-AAAAAA.partial");
        let of_another_name = folder.path().join(".other.dump.pgdumprs-AAAAAA.partial");
        let something_else = folder.path().join(".db.dump.swp");
        for path in [&dead, &of_another_name, &something_else] {
            fs::write(path, "left").unwrap();
        }
        let (second, _) = NewFile::create(&path).unwrap();
        assert!(living.partial.exists() && !dead.exists());
        assert!(of_another_name.exists() && something_else.exists());
        second.commit(false).unwrap();
        // The file is the lock; dropping the names alone removes the file.
        drop(living);
        drop(file);
        assert_eq!(
            names(folder.path()),
            [
                ".db.dump.swp",
                ".other.dump.pgdumprs-AAAAAA.partial",
                "db.dump"
            ]
        );
    }

    #[test]
    fn a_complete_file_that_cannot_have_its_name_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("db.dump");
        for expected in ["db.dump.complete", "db.dump.complete-2"] {
            let (new, _) = NewFile::create(&path).unwrap();
            fs::write(&new.partial, expected).unwrap();
            // A folder that came there meanwhile has the name.
            fs::create_dir_all(&path).unwrap();
            let error = new.commit(true).unwrap_err();
            let kept = folder.path().join(expected);
            assert!(
                matches!(&error, Error::NotInPlace { kept: named, .. } if *named == kept),
                "{error:?}"
            );
            assert_eq!(fs::read_to_string(&kept).unwrap(), expected);
        }
        assert_eq!(
            names(folder.path()),
            ["db.dump", "db.dump.complete", "db.dump.complete-2"]
        );
    }

    #[test]
    fn the_longest_names_are_no_hindrance() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("\u{e9}".repeat(127));
        let (new, _) = NewFile::create(&path).unwrap();
        new.commit(true).unwrap();
        assert!(path.exists());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        let (new, _) = NewFile::create(&path).unwrap();
        new.commit(true).unwrap_err();
        let kept = format!("{}.complete", "\u{e9}".repeat(100));
        assert!(folder.path().join(kept).exists());
    }
}
