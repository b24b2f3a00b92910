//! What can be wrong with the dump of a server.

use std::io;

use crate::OpenError;

/// Why the dump of a server cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerBackupError {
    /// There is no manifest.
    #[error("\"{place}\" has no manifest.json, and so is no whole dump of a server")]
    NoManifest {
        /// The folder, or what is before the names of the objects.
        place: String,
    },
    /// Databases are missing.
    #[error("\"{place}\" is no whole dump of a server: {} is not there", .databases.join(", "))]
    Incomplete {
        /// The folder, or what is before the names of the objects.
        place: String,
        /// The names of those that are missing, in quotes; what else is, where none of them is.
        databases: Vec<String>,
    },
    /// The manifest is not what this version writes.
    #[error("the manifest \"{file}\" cannot be used: {reason}")]
    Manifest {
        /// The file or object.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the dump cannot be read.
    #[error("could not read \"{file}\"")]
    File {
        /// The file.
        file: String,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// An object of the dump cannot be read.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Object(#[from] pgdumprs_store::Error),
    /// A file is not the one that was dumped.
    #[error(
        "\"{file}\" is not the file that was dumped: its size or its SHA-256 sum is not that of the manifest"
    )]
    Changed {
        /// The file or object.
        file: String,
    },
    /// A file cannot be opened: it is encrypted to others, or is no archive.
    #[error("could not open \"{file}\"")]
    Unopened {
        /// The file or object.
        file: String,
        /// Why.
        #[source]
        source: OpenError,
    },
    /// An archive has the sum that it had, and cannot be read as an archive.
    #[error("\"{file}\" is damaged: {damage}")]
    Damaged {
        /// The file or object.
        file: String,
        /// What is wrong, and where in it.
        damage: pgdumprs_archive::Damage,
    },
}

impl ServerBackupError {
    /// What has come of reading a file or an object.
    pub(super) fn reading(file: &str, source: io::Error) -> Self {
        #[cfg(feature = "object-store")]
        if let Some(error) = source.get_ref().and_then(|error| error.downcast_ref()) {
            // It says which object.
            return Self::Object(pgdumprs_store::Error::clone(error));
        }
        Self::File {
            file: file.to_owned(),
            source,
        }
    }

    /// Whether there is no such file.
    pub(super) fn is_missing(&self) -> bool {
        match self {
            Self::File { source, .. } => source.kind() == io::ErrorKind::NotFound,
            #[cfg(feature = "object-store")]
            Self::Object(error) => error.kind() == pgdumprs_store::ErrorKind::Missing,
            _ => false,
        }
    }
}
