//! Where an archive is read from: a file, a folder, a pipe, or an object of a store.

mod error;
mod input;
mod version;

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use pgdumprs_archive::{Error, Reader};
#[cfg(feature = "encryption")]
use pgdumprs_seal::Identities;
#[cfg(feature = "object-store")]
use pgdumprs_store::{ObjectReader, Place as ObjectPlace};

pub use error::OpenError;
pub use input::ArchiveInput;
pub(crate) use version::Version;

/// Where an archive is read from, whatever that is. It is opened as often as it is asked for, but for what is read front to back: a pipe, a reader.
///
/// ```
/// use pgdumprs::ArchiveSource;
///
/// # fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let reader = ArchiveSource::path("shop.dump").open()?;
/// println!("{} entries", reader.entries().len());
/// # Ok(())
/// # }
/// # assert!(example().unwrap_err().to_string().contains("could not open \"shop.dump\""));
/// ```
#[derive(Clone)]
pub struct ArchiveSource {
    place: Arc<Place>,
    /// What opens it where it is encrypted.
    #[cfg(feature = "encryption")]
    identities: Identities,
}

/// The kinds of places.
pub(crate) enum Place {
    /// A file, a folder, or a named pipe.
    Path(PathBuf),
    #[cfg(feature = "object-store")]
    Object(ObjectPlace),
    /// What is open already, until it is taken.
    Open(Mutex<Option<Open>>),
}

/// What is open already.
pub(crate) enum Open {
    File(File),
    Reader(Box<dyn Read + Send>),
}

impl ArchiveSource {
    /// A file, a folder, or a named pipe, by its path.
    pub fn path(path: impl Into<PathBuf>) -> Self {
        Self::of(Place::Path(path.into()))
    }

    /// An object of a store.
    #[cfg(feature = "object-store")]
    pub fn object(place: ObjectPlace) -> Self {
        Self::of(Place::Object(place))
    }

    /// A file that is open already, such as standard input. It is opened once, and begins where the file stands.
    pub fn file(file: File) -> Self {
        Self::of(Place::Open(Mutex::new(Some(Open::File(file)))))
    }

    /// What is read front to back, once.
    pub fn reader(reader: impl Read + Send + 'static) -> Self {
        let reader = Open::Reader(Box::new(reader));
        Self::of(Place::Open(Mutex::new(Some(reader))))
    }

    fn of(place: Place) -> Self {
        Self {
            place: Arc::new(place),
            #[cfg(feature = "encryption")]
            identities: Identities::new(),
        }
    }

    /// The same, opened by these where it is encrypted with [age](https://age-encryption.org). Whether it is shows when it is opened.
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn identities(mut self, identities: Identities) -> Self {
        self.identities = identities;
        self
    }

    /// Opens the archive, and reads its table of contents. Blocks meanwhile.
    ///
    /// # Errors
    /// [`OpenError`], also where what is read once has been opened before.
    pub fn open(&self) -> Result<Reader<ArchiveInput>, OpenError> {
        self.open_measured().map(|(reader, _)| reader)
    }

    /// As [`open`](Self::open), with how many bytes the archive has where it is in one file that can seek, and 0 elsewhere.
    pub(crate) fn open_measured(&self) -> Result<(Reader<ArchiveInput>, u64), OpenError> {
        if let Some(folder) = self.folder() {
            let reader = Reader::in_folder(folder, ArchiveInput::file)?;
            return Ok((reader, 0));
        }
        let input = self.input()?;
        #[cfg(feature = "encryption")]
        let input = input.unsealed(&self.identities)?;
        Ok(match input.length() {
            Some(length) => (Reader::seekable(input)?, length),
            None => (Reader::new(input)?, 0),
        })
    }

    /// Opens what is no folder.
    fn input(&self) -> Result<ArchiveInput, OpenError> {
        match &*self.place {
            Place::Path(path) => {
                let file = File::open(path).map_err(|source| OpenError::File {
                    path: path.clone(),
                    source,
                })?;
                ArchiveInput::open(file)
            }
            #[cfg(feature = "object-store")]
            Place::Object(place) => Ok(ArchiveInput::object(ObjectReader::open(place)?)),
            Place::Open(open) => {
                let mut open = open.lock().unwrap_or_else(PoisonError::into_inner);
                match open.take() {
                    Some(Open::File(file)) => ArchiveInput::open(file),
                    Some(Open::Reader(reader)) => Ok(ArchiveInput::stream(reader)),
                    None => {
                        let again = "an archive from a pipe is read once";
                        Err(Error::Misuse(again.to_owned()).into())
                    }
                }
            }
        }
    }

    /// The place.
    pub(crate) fn place(&self) -> &Place {
        &self.place
    }

    /// The file or folder, where it is one by name.
    pub(crate) fn as_path(&self) -> Option<&Path> {
        match &*self.place {
            Place::Path(path) => Some(path),
            _ => None,
        }
    }

    /// Whether it cannot be opened again.
    pub(crate) fn is_open(&self) -> bool {
        matches!(&*self.place, Place::Open(_))
    }

    /// The folder of an archive in the directory format.
    fn folder(&self) -> Option<&Path> {
        self.as_path().filter(|path| path.is_dir())
    }
}

/// What it is called: a file's path, an object's place, and `-` for what has no name.
impl fmt::Display for ArchiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.place {
            Place::Path(path) => path.display().fmt(f),
            #[cfg(feature = "object-store")]
            Place::Object(place) => place.fmt(f),
            Place::Open(_) => f.write_str("-"),
        }
    }
}

impl fmt::Debug for ArchiveSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ArchiveSource")
            .field(&self.to_string())
            .finish()
    }
}
