//! A folder in which an archive in the directory format is made.

use std::{
    fs::{self, File},
    io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{Error, Reader, Result, files, format::file_name};

/// The table of contents before it has its name.
pub(crate) const UNFINISHED_TOC: &str = "toc.dat.partial";

/// A folder that is to be an archive in the directory format.
///
/// A [`Writer`](crate::Writer) puts [files](Self::files) into it. It becomes an archive when it is
/// [committed](Self::commit), by which the table of contents gets its name: without that, readers see no archive. Dropped before, it removes
/// what was written, and the folder if it was made here, whatever the writer is at, which can make no more files from then on.
#[derive(Debug)]
pub struct NewFolder {
    files: FolderFiles,
    made_here: bool,
    committed: bool,
}

/// The files of a folder that is to be an archive, for whoever writes them: a [`Writer`](crate::Writer), in another thread maybe.
#[derive(Clone, Debug)]
pub struct FolderFiles(Arc<Place>);

/// Where the files are made.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    made: Mutex<Made>,
}

/// What has been made, to be removed if the folder does not become an archive.
#[derive(Debug, Default)]
struct Made {
    /// The files' names, a line each: there may be very many.
    files: String,
    /// Whether no more are to be made.
    is_given_up: bool,
}

impl NewFolder {
    /// Makes a folder that only its owner may enter, as `pg_dump` does, or takes one that is there and empty.
    ///
    /// # Errors
    /// [`Error::FolderInUse`] if something is in it, [`Error::Write`] if it cannot be made or written to.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        let error = |source| Error::Write { offset: 0, source };
        let made_here = match files::create_private_folder(path) {
            Ok(()) => true,
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                return Err(error(source));
            }
            Err(_) if path.is_dir() => false,
            Err(_) => return Err(error(io::ErrorKind::NotADirectory.into())),
        };
        if !made_here && fs::read_dir(path).map_err(error)?.next().is_some() {
            return Err(Error::FolderInUse {
                path: path.to_owned(),
                is_unfinished: path.join(UNFINISHED_TOC).exists(),
            });
        }
        let folder = NewFolder {
            files: FolderFiles(Arc::new(Place {
                path: path.to_owned(),
                made: Mutex::default(),
            })),
            made_here,
            committed: false,
        };
        // So that a folder which cannot be written to, or which somebody else begins to fill, is known at once.
        folder.files.create(UNFINISHED_TOC).map_err(error)?;
        Ok(folder)
    }

    /// The folder.
    pub fn path(&self) -> &Path {
        &self.files.0.path
    }

    /// Its files.
    pub fn files(&self) -> FolderFiles {
        self.files.clone()
    }

    /// Gives the table of contents its name, which makes the folder an archive. Syncing is the caller's part: all that is in the folder
    /// before, and the folder itself, with the one it is in, behind.
    ///
    /// # Errors
    /// [`Error::InFile`] if it cannot have the name; all is removed then.
    pub fn commit(mut self) -> Result<()> {
        let path = self.path();
        let (unfinished, toc) = (path.join(UNFINISHED_TOC), path.join(file_name::TOC));
        files::rename_to(&toc, || fs::rename(&unfinished, &toc))
            .map_err(|source| Error::Write { offset: 0, source }.in_file(Some(file_name::TOC)))?;
        self.committed = true;
        Ok(())
    }
}

impl Drop for NewFolder {
    fn drop(&mut self) {
        if self.committed {
            return;
        }
        let mut made = self.files.made();
        made.is_given_up = true;
        // There is nobody to tell of what cannot be removed, and without its table of contents it is no archive.
        for file in made.files.lines() {
            drop(fs::remove_file(self.path().join(file)));
        }
        if self.made_here {
            drop(fs::remove_dir(self.path()));
        }
    }
}

impl FolderFiles {
    /// Reads what a finished writer has made, as the archive that it will be.
    ///
    /// # Errors
    /// As [`Reader::open_path`].
    pub fn reader(&self) -> Result<Reader<File>> {
        Reader::open_folder(&self.0.path, UNFINISHED_TOC, |file| file)
    }

    fn made(&self) -> MutexGuard<'_, Made> {
        self.0.made.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Makes a file. None of that name may be there: somebody else would be writing into the same folder.
    pub(crate) fn create(&self, name: &str) -> io::Result<File> {
        // What is made while others are removed would stay.
        let mut made = self.made();
        if made.is_given_up {
            return Err(io::Error::other("the archive was given up"));
        }
        let file = File::create_new(self.0.path.join(name))?;
        made.files.push_str(name);
        made.files.push('\n');
        Ok(file)
    }

    /// Opens the table of contents, which was made with the folder.
    pub(crate) fn open_toc(&self) -> io::Result<File> {
        let path = self.0.path.join(UNFINISHED_TOC);
        File::options().write(true).open(path)
    }
}
