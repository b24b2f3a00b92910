//! A folder of files that is an archive when all of them are safe on disk.

use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::Path;

use pgdumprs_archive::{Error as ArchiveError, FolderFiles, FolderInventory, NewFolder, files};

use super::{Hold, failed, folder_of, system};
use crate::{Error, SyncMethod};

/// The table of contents of an archive in a folder.
pub(crate) const TOC: &str = "toc.dat";

/// A folder that an archive is made in.
#[derive(Debug)]
pub(crate) struct Begun {
    // It goes first, so that the folder can.
    hold: Hold,
    folder: NewFolder,
    /// Whether there was none.
    made: bool,
}

impl Begun {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn files(&self) -> FolderFiles {
        self.folder.files()
    }
}

/// Makes the folder `path`, or takes the one that is there, if it is empty or has what a dump has left that was killed.
///
/// # Errors
///
/// [`Error::Output`], or [`Error::Archive`] where something else is in it.
pub(crate) fn begin(path: &Path) -> Result<Begun, Error> {
    let made = !path.exists();
    let create = || match NewFolder::create(path) {
        Err(ArchiveError::Write { source, .. }) => Err(failed("make the folder", path)(source)),
        created => created.map_err(Error::Archive),
    };
    let folder = match create() {
        Err(Error::Archive(ArchiveError::FolderInUse {
            is_unfinished: true,
            ..
        })) if clear(path).map_err(failed("clear", path))? => create()?,
        created => created?,
    };
    let hold = Hold::to_write(&path.join(TOC))?;
    Ok(Begun { hold, folder, made })
}

/// Removes what a dump has left in a folder that was killed, if there is nothing else, and says whether it has.
fn clear(path: &Path) -> io::Result<bool> {
    let toc = path.join(TOC);
    let left = || -> io::Result<_> {
        let names = Hold::others(&toc)?;
        let names = names.iter().map(String::as_str);
        Ok(FolderInventory::unfinished(names))
    };
    // One that is not there proves nothing; and it goes with who has it.
    if !Hold::path(&toc).try_exists()? || left()?.is_none() {
        return Ok(false);
    }
    let Some(_hold) = Hold::of(&toc)? else {
        return Ok(false);
    };
    // Somebody may have had it meanwhile.
    let Some(left) = left()? else {
        return Ok(false);
    };
    for name in left.files.iter().chain([&left.toc]) {
        fs::remove_file(path.join(name))?;
    }
    Ok(true)
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
pub(crate) fn commit(begun: Begun, synced: bool) -> Result<(), Error> {
    let path = begun.folder.path().to_owned();
    if let Err(error) = begun.folder.commit() {
        drop(begun.hold);
        if begun.made {
            // Until now, the lock was in it.
            drop(fs::remove_dir(&path));
        }
        return Err(Error::Archive(error));
    }
    drop(begun.hold);
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
