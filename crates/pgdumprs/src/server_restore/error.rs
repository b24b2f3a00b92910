//! What can keep a server from being restored.

use crate::{Error, RestoreError, ServerBackupError};

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
    /// The dump is not whole, or not the one that was made.
    #[error(transparent)]
    Backup(#[from] ServerBackupError),
    /// Databases of the dump are on the server already.
    #[error("the server has databases of the dump already, and they are not replaced: {}; drop them, leave them out (--exclude-database), or restore onto another server", names.join(", "))]
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
    /// What belongs to no database of the server could not be read, or databases were chosen that the dump does not have.
    #[error(transparent)]
    Globals(#[from] Error),
}
