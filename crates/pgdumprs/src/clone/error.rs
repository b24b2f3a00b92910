//! What can keep a clone from being begun.

use crate::{Error, RestoreError};

/// Why there is no clone. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloneError {
    /// The source cannot be read.
    #[error("the source: {0}")]
    Source(#[source] Box<Error>),
    /// The target cannot be written to, or not everything can be made there.
    #[error("the target: {0}")]
    Target(#[source] RestoreError),
    /// Source and target are one database, or would become one.
    #[error(
        "the target is the source: both are the database \"{database}\" of one server, and nothing has been changed"
    )]
    SameDatabase {
        /// The database's name.
        database: String,
    },
    /// Source and target could not be told apart.
    #[error("could not find out whether the target is the source")]
    Identity(#[source] pgdumprs_connect::Error),
    /// The archive that was to be kept cannot be written.
    #[error("the archive: {0}")]
    Archive(#[source] Box<Error>),
    /// Something was chosen that a clone cannot have.
    #[error("a clone has no {what}")]
    Unfit {
        /// What was chosen.
        what: &'static str,
    },
}

impl CloneError {
    pub(super) fn archive(error: Error) -> Self {
        CloneError::Archive(Box::new(error))
    }

    /// The SQLSTATE, where a server reported one.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            CloneError::Source(error) => error.sqlstate(),
            CloneError::Target(error) => error.sqlstate(),
            CloneError::Identity(error) => error.sqlstate(),
            CloneError::SameDatabase { .. } | CloneError::Archive(_) | CloneError::Unfit { .. } => {
                None
            }
        }
    }
}

impl CloneError {
    /// What may help, where the source's failure tells: see [`Error::hint`].
    pub fn hint(&self) -> Option<String> {
        match self {
            CloneError::Source(error) | CloneError::Archive(error) => error.hint(),
            _ => None,
        }
    }
}

impl From<Error> for CloneError {
    fn from(error: Error) -> Self {
        CloneError::Source(Box::new(error))
    }
}

impl From<RestoreError> for CloneError {
    fn from(error: RestoreError) -> Self {
        CloneError::Target(error)
    }
}
