//! What can keep an archive from being opened.

use std::io;
use std::path::PathBuf;

use crate::{DrillError, RestoreError};

/// Why an archive cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The file cannot be opened.
    #[error("could not open \"{}\"", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// It is no archive, or a damaged one, or cannot be read.
    #[error(transparent)]
    Archive(#[from] pgdumprs_archive::Error),
    /// The object store does not give it.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Object(#[from] pgdumprs_store::Error),
    /// It is encrypted, and does not open.
    #[cfg(feature = "encryption")]
    #[error("could not open the archive")]
    Sealed(#[from] pgdumprs_seal::Error),
}

impl From<OpenError> for pgdumprs_archive::Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::File { source, .. } => Self::Read { offset: 0, source },
            OpenError::Archive(error) => error,
            #[cfg(feature = "object-store")]
            OpenError::Object(error) => Self::Read {
                offset: 0,
                source: error.into(),
            },
            #[cfg(feature = "encryption")]
            OpenError::Sealed(source) => Self::Read {
                offset: 0,
                source: io::Error::other(source),
            },
        }
    }
}

impl From<OpenError> for RestoreError {
    fn from(error: OpenError) -> Self {
        match error {
            #[cfg(feature = "object-store")]
            OpenError::Object(error) => Self::Object(error),
            #[cfg(feature = "encryption")]
            OpenError::Sealed(error) => Self::Sealed(error),
            error => Self::Archive(error.into()),
        }
    }
}

impl From<OpenError> for DrillError {
    fn from(error: OpenError) -> Self {
        match error {
            #[cfg(feature = "object-store")]
            OpenError::Object(error) => Self::Object(error),
            #[cfg(feature = "encryption")]
            OpenError::Sealed(error) => Self::Sealed(error),
            error => Self::Archive(error.into()),
        }
    }
}
