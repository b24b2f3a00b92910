//! What can keep a server from being restored.

use std::io;
use std::path::PathBuf;

use crate::{Error, RestoreError};

/// Why there is no restore of a server. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerRestoreError {
    /// An option that leaves no place for making databases.
    #[error(
        "a whole server cannot be restored with {option}: its databases are made, with all that is defined in them"
    )]
    Option {
        /// The option.
        option: &'static str,
    },
    /// The folder has no manifest.
    #[error(
        "\"{}\" has no manifest.json, and so is no whole dump of a server{}",
        folder.display(),
        if *is_incomplete { ": incomplete.json there names the database that is missing" } else { "" }
    )]
    NoManifest {
        /// The folder.
        folder: PathBuf,
        /// Whether it has the manifest of a dump that is not whole.
        is_incomplete: bool,
    },
    /// The manifest is not what this version writes.
    #[error("the manifest \"{}\" cannot be used: {reason}", path.display())]
    Manifest {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file of the dump cannot be read.
    #[error("could not read \"{}\"", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// A file is not the one that was dumped.
    #[error("\"{}\" is not the file that was dumped: its size or its SHA-256 sum is not that of the manifest", path.display())]
    Changed {
        /// The file.
        path: PathBuf,
    },
    /// Databases of the dump are on the server already.
    #[error("the server has databases of the dump already, and they are not replaced: {}; drop them, or restore onto another server", names.join(", "))]
    Exist {
        /// Their names.
        names: Vec<String>,
    },
    /// No session could be opened.
    #[error(transparent)]
    Restore(#[from] RestoreError),
    /// The server could not be asked what it has.
    #[error("could not find out what the server has")]
    Ask(#[source] pgdumprs_connect::Error),
    /// What belongs to no database of the server could not be read.
    #[error(transparent)]
    Globals(#[from] Error),
}
