//! What ends a restore before its end.

use std::sync::Arc;

use bstr::BString;

/// Why a restore could not go on. What fails for itself alone is a [`Failure`](crate::Failure).
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The connection was lost, or the server broke the protocol.
    #[error("{}", during(.entry))]
    Connection {
        /// What was being restored, as the archive's list names it, where something was.
        entry: Option<BString>,
        /// What happened.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The connection was lost, and the restore could not go on over another one.
    #[error("{}, and none could take its place: {reason}", during(.entry))]
    NotReopened {
        /// What was being restored, as the archive's list names it, where something was.
        entry: Option<BString>,
        /// Why not.
        reason: String,
        /// What happened to the connection that was lost.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// A connection came to another server than those before, or into another database, where what was done is not.
    #[error(
        "the address leads to {what} now: what was made before need not be there, and nothing more was done. Begin anew with an empty \
         database, or go on (restore --resume) when the address leads to the server of before again"
    )]
    Elsewhere {
        /// What it leads to.
        what: &'static str,
    },
    /// Rows that came through a pipe were lost with a connection, and do not come again.
    #[error(
        "{entry} was lost with a connection and cannot be read from a pipe again: restore from a file, or go on with the same archive from the \
         beginning (--resume)"
    )]
    Spent {
        /// What was being restored, as the archive's list names it.
        entry: BString,
    },
    /// The journal says that something is done which is not there.
    #[error(
        "the journal is not of what the database holds: {missing} was done by the run before, and is not there"
    )]
    Misfit {
        /// What is missing.
        missing: BString,
    },
    /// What an earlier run has begun is still at work.
    #[error("{reason}: wait for them, or end them")]
    StillAtWork {
        /// What is at work.
        reason: String,
    },
    /// A pooler gives each transaction another session of the server, so that settings would be lost, and left to others.
    #[error(
        "a pooler that carries transactions is in between, where everything can only be one transaction: connect to the server itself or by \
         the pooler's port for sessions, or do it in a single transaction (-1)"
    )]
    TransactionPooler,
    /// Another connection could not be opened.
    #[error("could not connect to database \"{database}\"")]
    Database {
        /// The database that was just made.
        database: BString,
        /// Why not.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// Something in the archive began a transaction and did not end it, so that what came after it is not there.
    #[error(
        "the archive holds a statement that begins a transaction and does not end it: nothing that came after it was committed"
    )]
    LeftOpen,
    /// All is done, and it is not known to be on the server's disk.
    #[error("all is done, but the server did not confirm that it is on its disk")]
    NotFlushed {
        /// What happened.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The archive could not be read.
    #[error("could not read the data of {entry}")]
    Archive {
        /// What was being restored, as the archive's list names it.
        entry: BString,
        /// What is wrong.
        #[source]
        source: pgdumprs_archive::Error,
    },
    /// All is done, but files of the archive are not those that they were at the beginning.
    #[error(
        "files of the archive were replaced or changed meanwhile: what was restored may be of two archives. Restore again, into an empty database"
    )]
    ArchiveChanged,
    /// A table's rows break off.
    #[error("the archive is damaged: the rows of {entry} break off without the \\. that ends them")]
    RowsBreakOff {
        /// What was being restored, as the archive's list names it.
        entry: BString,
    },
    /// The server that the data comes from could not be read.
    #[error("could not read the data of {entry} from the source")]
    Source {
        /// What was being restored, as the archive's list names it.
        entry: BString,
        /// What happened; other entries may have met the same.
        #[source]
        source: Arc<pgdumprs_copy::Error>,
    },
    /// The server that the data comes from has sent something else than it says.
    #[error("{came} rows of {entry} have come from the source, which says that it has sent {said}")]
    Miscounted {
        /// What was being restored, as the archive's list names it.
        entry: BString,
        /// Rows that have come.
        came: u64,
        /// Rows that were sent.
        said: u64,
    },
    /// The system has no thread to give.
    #[error("could not start a thread")]
    Thread(#[source] std::io::Error),
}

fn during(entry: &Option<BString>) -> String {
    match entry {
        None => "the connection to the target failed".to_owned(),
        Some(entry) => format!("the connection to the target failed at {entry}"),
    }
}
