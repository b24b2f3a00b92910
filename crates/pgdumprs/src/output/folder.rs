//! A folder of files that is an archive when all of them are safe on disk.

use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::Path;

use pgdumprs_archive::{Error as ArchiveError, NewFolder, files};

use super::{failed, folder_of, system};
use crate::{Error, SyncMethod};

/// Makes the folder `path`, or takes the one that is there, if it is empty.
///
/// # Errors
///
/// [`Error::Output`], or [`Error::Archive`] where something is in it.
pub(crate) fn begin(path: &Path) -> Result<NewFolder, Error> {
    NewFolder::create(path).map_err(|error| match error {
        ArchiveError::Write { source, .. } => failed("make the folder", path)(source),
        error => Error::Archive(error),
    })
}

/// Sees to it that all that is in a folder is safe on disk, and the folder itself.
///
/// # Errors
///
/// [`Error::Output`], with the file.
pub(crate) fn sync(folder: &Path, method: SyncMethod) -> Result<(), Error> {
    if method == SyncMethod::Syncfs {
        let synced = system::sync_file_system(folder);
        match synced {
            // What the system cannot do at once is done file by file.
            Err(error) if error.kind() == ErrorKind::Unsupported => {}
            synced => return synced.map_err(failed("sync the file system of", folder)),
        }
    }
    let unread = failed("look into", folder);
    for file in fs::read_dir(folder).map_err(&unread)? {
        let path = file.map_err(&unread)?.path();
        // Windows syncs only what is open for writing.
        let opened = File::options().write(true).open(&path);
        let synced = opened.and_then(|file| file.sync_all());
        synced.map_err(failed("sync", &path))?;
    }
    sync_folder(folder)
}

/// Makes the folder an archive. If what is in it was synced, its names are when this returns.
///
/// # Errors
///
/// [`Error::Archive`] where the table of contents cannot have its name, [`Error::Output`] where a folder cannot be synced.
pub(crate) fn commit(folder: NewFolder, synced: bool) -> Result<(), Error> {
    let path = folder.path().to_owned();
    folder.commit().map_err(Error::Archive)?;
    if synced {
        sync_folder(&path)?;
        sync_name(&path)?;
    }
    Ok(())
}

/// Sees to it that the name of a folder is safe on disk.
///
/// # Errors
///
/// [`Error::Output`], with the folder that it is in.
pub(crate) fn sync_name(folder: &Path) -> Result<(), Error> {
    // A path such as `.` does not name the folder that it is in.
    let found = folder.canonicalize().map_err(failed("look at", folder))?;
    sync_folder(folder_of(&found))
}

fn sync_folder(folder: &Path) -> Result<(), Error> {
    files::sync_folder(folder).map_err(failed("sync the folder", folder))
}
