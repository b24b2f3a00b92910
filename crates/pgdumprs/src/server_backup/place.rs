//! Where the files of a server's dump are.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;

use super::ServerBackupError;
use super::input::Input;
use super::manifest::ManifestFile;
use crate::{ArchiveSource, OpenError};

/// A folder, or objects of a store whose names begin so. All that is read of a server's dump goes through this, and nothing else knows which it is.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    Folder(PathBuf),
    #[cfg(feature = "object-store")]
    Store(pgdumprs_store::Folder),
}

impl Place {
    /// A file, as messages name it.
    pub(crate) fn name_of(&self, file: &str) -> String {
        match self {
            Place::Folder(folder) => folder.join(file).display().to_string(),
            #[cfg(feature = "object-store")]
            Place::Store(folder) => match folder.object(file) {
                Ok(place) => place.to_string(),
                Err(_) => format!("{folder}{file}"),
            },
        }
    }

    /// An archive among the files.
    ///
    /// # Errors
    ///
    /// Where an object cannot have that name.
    pub(crate) fn archive(&self, file: &str) -> Result<ArchiveSource, OpenError> {
        match self {
            Place::Folder(folder) => Ok(ArchiveSource::path(folder.join(file))),
            #[cfg(feature = "object-store")]
            Place::Store(folder) => Ok(ArchiveSource::object(folder.object(file)?)),
        }
    }

    /// Opens a file, with its size.
    pub(crate) fn open(&self, file: &str) -> Result<Input, ServerBackupError> {
        match self {
            Place::Folder(folder) => {
                let failed = |source| ServerBackupError::reading(&self.name_of(file), source);
                let opened = File::open(folder.join(file)).map_err(failed)?;
                let size = opened.metadata().map_err(failed)?.len();
                Ok(Input::new(opened, size))
            }
            #[cfg(feature = "object-store")]
            Place::Store(folder) => {
                let object = pgdumprs_store::ObjectReader::open(&folder.object(file)?)?;
                let size = object.length();
                Ok(Input::new(object, size))
            }
        }
    }

    /// Reads a file of which all goes into memory, but not more bytes than `most`.
    pub(crate) fn read(&self, file: &str, most: u64) -> Result<Vec<u8>, ServerBackupError> {
        let mut bytes = Vec::new();
        let input = self.open(file)?;
        let read = input.take(most).read_to_end(&mut bytes);
        read.map_err(|source| ServerBackupError::reading(&self.name_of(file), source))?;
        Ok(bytes)
    }

    /// Fails where a file is not the one that the manifest has. All of it is read where that costs nothing: of an object, the size alone is compared.
    pub(crate) fn check(&self, file: &ManifestFile) -> Result<(), ServerBackupError> {
        let input = self.open(&file.file)?;
        let is_same = match self {
            Place::Folder(_) => input
                .summing(file)
                .ends_same()
                .map_err(|source| ServerBackupError::reading(&self.name_of(&file.file), source))?,
            #[cfg(feature = "object-store")]
            Place::Store(_) => input.size() == file.size,
        };
        match is_same {
            true => Ok(()),
            false => Err(self.changed(file)),
        }
    }

    /// What is said of a file that is not the one that was dumped.
    pub(crate) fn changed(&self, file: &ManifestFile) -> ServerBackupError {
        ServerBackupError::Changed {
            file: self.name_of(&file.file),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Folder(folder) => folder.display().fmt(f),
            #[cfg(feature = "object-store")]
            Place::Store(folder) => folder.fmt(f),
        }
    }
}
