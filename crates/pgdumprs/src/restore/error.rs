//! What can keep a restore from being begun.

use pgdumprs_archive::Format;
use pgdumprs_connect::ConnInfoError;

use crate::restore::plan::RestorePlan;

/// Why there is no restore. Nothing was changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// A connection string or parameter is wrong.
    #[error(transparent)]
    Parameters(#[from] ConnInfoError),
    /// The archive cannot be read.
    #[error("could not read the archive")]
    Archive(#[from] pgdumprs_archive::Error),
    /// The object store does not give the archive.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Object(#[from] pgdumprs_store::Error),
    /// It is encrypted, and does not open.
    #[cfg(feature = "encryption")]
    #[error("could not open the archive")]
    Sealed(#[from] pgdumprs_seal::Error),
    /// The archive has another format than the one that was asked for.
    #[error("the archive is in the {} format, and option -F/--format says {}", in_words(*found), in_words(*wanted))]
    Format {
        /// The format that it has.
        found: Format,
        /// The format that it must have.
        wanted: Format,
    },
    /// The options contradict each other or the archive, or the archive holds what no script can say.
    #[error(transparent)]
    Script(#[from] pgdumprs_script::Error),
    /// No session could be opened.
    #[error(transparent)]
    Connect(pgdumprs_connect::Error),
    /// The server could not be asked what is in the restore's way.
    #[error("could not find out what the server has")]
    Plan(#[source] pgdumprs_connect::Error),
    /// There is no going on with an earlier run, or no journal can be kept.
    #[error(transparent)]
    Journal(#[from] pgdumprs_restore::JournalError),
    /// An archive from a pipe or an object store has no place beside it.
    #[error("an archive that is no file has no journal beside it: name its file (--journal)")]
    NoPlaceForJournal,
    /// Not everything can be restored, as far as can be told. [`Restore::regardless`](crate::Restore::regardless) restores the rest.
    #[error("not everything can be restored, and nothing has been changed: {0}")]
    Impossible(Box<RestorePlan>),
}

fn in_words(format: Format) -> String {
    format.to_string().to_lowercase()
}

impl RestoreError {
    /// The SQLSTATE, where the server reported one.
    pub fn sqlstate(&self) -> Option<&str> {
        match self {
            RestoreError::Connect(error) | RestoreError::Plan(error) => error.sqlstate(),
            _ => None,
        }
    }
}
