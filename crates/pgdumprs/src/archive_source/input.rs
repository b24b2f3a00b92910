//! What an archive's reader reads from.

use std::fmt;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};

use pgdumprs_archive::{Error, Foreign};
#[cfg(feature = "encryption")]
use pgdumprs_seal::{Identities, Opened, SAMPLE, is_sealed};
#[cfg(feature = "object-store")]
use pgdumprs_store::ObjectReader;

use super::OpenError;

/// The bytes of an archive that was opened by an [`ArchiveSource`](super::ArchiveSource).
pub struct ArchiveInput {
    bytes: Bytes,
    /// How many there are from where the archive begins, where it can seek.
    length: Option<u64>,
}

enum Bytes {
    File(File),
    #[cfg(feature = "object-store")]
    Object(Box<ObjectReader>),
    Stream(Box<dyn Read + Send>),
    #[cfg(feature = "encryption")]
    Opened(Box<Opened<Bytes>>),
}

impl ArchiveInput {
    /// A file that can seek, or whatever else was opened as one.
    pub(super) fn open(mut file: File) -> Result<Self, OpenError> {
        // Windows has no metadata of pipes.
        let metadata = file.metadata().ok();
        if metadata.as_ref().is_some_and(|metadata| metadata.is_dir()) {
            return Err(Error::NotAnArchive(Foreign::Directory).into());
        }
        let Some(metadata) = metadata.filter(|metadata| metadata.is_file()) else {
            return Ok(Self::file(file));
        };
        let begins = file.stream_position();
        let begins = begins.map_err(|source| Error::Read { offset: 0, source })?;
        Ok(Self {
            bytes: Bytes::File(file),
            length: Some(metadata.len().saturating_sub(begins)),
        })
    }

    /// A file that is read front to back: one of a folder, or a pipe.
    pub(super) fn file(file: File) -> Self {
        Self {
            bytes: Bytes::File(file),
            length: None,
        }
    }

    /// An object.
    #[cfg(feature = "object-store")]
    pub(super) fn object(object: ObjectReader) -> Self {
        Self {
            length: Some(object.length()),
            bytes: Bytes::Object(Box::new(object)),
        }
    }

    /// What is read front to back.
    pub(super) fn stream(reader: Box<dyn Read + Send>) -> Self {
        Self {
            bytes: Bytes::Stream(reader),
            length: None,
        }
    }

    /// How many bytes it has, where it can seek.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }
}

#[cfg(feature = "encryption")]
impl ArchiveInput {
    /// What is in it, where it is encrypted.
    pub(super) fn unsealed(mut self, identities: &Identities) -> Result<Self, OpenError> {
        let failed = |source| Error::Read { offset: 0, source };
        let mut beginning = Vec::new();
        let mut sample = (&mut self.bytes).take(SAMPLE as u64);
        sample.read_to_end(&mut beginning).map_err(failed)?;
        let is_sealed = is_sealed(&beginning);
        match self.length {
            Some(_) => {
                let back = -(beginning.len() as i64);
                self.bytes.seek(SeekFrom::Current(back)).map_err(failed)?;
            }
            None => {
                let all = io::Cursor::new(beginning).chain(self.bytes);
                self.bytes = Bytes::Stream(Box::new(all));
            }
        }
        if !is_sealed {
            return Ok(self);
        }
        let mut opened = identities.open(self.bytes)?;
        let length = match self.length {
            Some(_) => Some(opened.length().map_err(pgdumprs_seal::Error::Io)?),
            None => None,
        };
        Ok(Self {
            bytes: Bytes::Opened(Box::new(opened)),
            length,
        })
    }
}

impl Read for ArchiveInput {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

/// What is read front to back does not seek.
impl Seek for ArchiveInput {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.bytes.seek(to)
    }
}

impl Read for Bytes {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Bytes::File(file) => file.read(buffer),
            #[cfg(feature = "object-store")]
            Bytes::Object(object) => object.read(buffer),
            Bytes::Stream(reader) => reader.read(buffer),
            #[cfg(feature = "encryption")]
            Bytes::Opened(opened) => opened.read(buffer),
        }
    }
}

impl Seek for Bytes {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match self {
            Bytes::File(file) => file.seek(to),
            #[cfg(feature = "object-store")]
            Bytes::Object(object) => object.seek(to),
            Bytes::Stream(_) => Err(io::ErrorKind::Unsupported.into()),
            #[cfg(feature = "encryption")]
            Bytes::Opened(opened) => opened.seek(to),
        }
    }
}

impl fmt::Debug for ArchiveInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ArchiveInput")
            .field("length", &self.length)
            .finish_non_exhaustive()
    }
}
