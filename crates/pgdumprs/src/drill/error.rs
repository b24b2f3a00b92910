//! What can keep a drill from being begun.

use std::io;
use std::path::PathBuf;

use pgdumprs_archive::Damage;
use pgdumprs_connect::ConnInfoError;

/// Why there is no drill. No database was made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DrillError {
    /// A connection string or parameter is wrong.
    #[error(transparent)]
    Parameters(#[from] ConnInfoError),
    /// The assertions are no SQL statements.
    #[error("the assertions cannot be told apart: line {line}: {problem}")]
    Assertions {
        /// Where it is, counted from 1.
        line: usize,
        /// What is wrong.
        problem: &'static str,
    },
    /// The archive's files cannot be read.
    #[error("could not read \"{}\"", path.display())]
    Read {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The object store does not give it.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Object(#[from] pgdumprs_store::Error),
    /// It is encrypted, and does not open.
    #[cfg(feature = "encryption")]
    #[error("could not open the archive")]
    Sealed(#[from] pgdumprs_seal::Error),
    /// It is read several times, and a pipe is not.
    #[error("\"{}\" is neither a file nor a folder: a drill reads an archive several times", path.display())]
    NotAFile {
        /// What was given.
        path: PathBuf,
    },
    /// It is no archive, a damaged one, or could not be read to its end.
    #[error("the archive {}", .0.in_words())]
    Damaged(#[source] Damage),
    /// It cannot be opened as an archive.
    #[error("could not read the archive")]
    Archive(#[from] pgdumprs_archive::Error),
    /// Rows of foreign tables would be written to the servers that they are on.
    #[error(
        "the archive has rows of the foreign table {table}, which a restore would write to another server: there is no drill of it"
    )]
    ForeignRows {
        /// The first of these tables.
        table: bstr::BString,
    },
    /// No session could be opened.
    #[error(transparent)]
    Connect(pgdumprs_connect::Error),
    /// The role may not make databases.
    #[error(
        "the role \"{role}\" may not make a database for the drill: give it CREATEDB (ALTER ROLE … CREATEDB)"
    )]
    NotAllowed {
        /// The role.
        role: String,
        /// What the server said.
        source: pgdumprs_connect::Error,
    },
    /// The database could not be made.
    #[error("could not make a database for the drill")]
    Create(#[source] pgdumprs_connect::Error),
    /// The connection was lost while the database was made, which may be there or not.
    #[error(
        "the connection was lost while the database \"{database}\" was made: where it is there, drop it"
    )]
    Doubtful {
        /// The name.
        database: String,
        /// How it was lost.
        source: pgdumprs_connect::Error,
    },
    /// It was asked to stop before it had made a database.
    #[error("the drill was stopped before it had made a database")]
    Stopped,
}
