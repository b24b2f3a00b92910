//! What is told of a restore while it goes on.

use bstr::BString;
use pgdumprs_connect::{Notices, ServerError};
use pgdumprs_script::Pass;

use crate::outcome::{Failure, TableOutcome};

/// What happens during a restore.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress {
    /// An entry is about to be restored: its position in the table of contents.
    Begun {
        /// The entry's position.
        entry: usize,
        /// What part of the restore it is begun in.
        pass: Pass,
    },
    /// An entry has been restored, or was tried to be.
    Ended {
        /// The entry's position.
        entry: usize,
        /// What part of the restore it was begun in.
        pass: Pass,
    },
    /// A table's rows are in, or could not be loaded.
    Table(TableOutcome),
    /// So many bytes of data have been sent, all tables and large objects together.
    Sent {
        /// Bytes as the archive has them when they are not compressed.
        bytes: u64,
    },
    /// The server refused a statement.
    Failed(Failure),
    /// The server said something beside its answers.
    Said {
        /// What was being restored, as the archive's list names it.
        entry: BString,
        /// Notices and warnings.
        notices: Notices,
    },
    /// A connection was lost, and the restore goes on over another one.
    Reconnected {
        /// What happened to the one before.
        reason: String,
    },
    /// There is no journal any more, and this restore cannot be gone on with after it was killed.
    NoJournal {
        /// Why.
        reason: String,
    },
    /// Another session was in an entry's way: it is restored once more.
    TriedAgain {
        /// What is being restored, as the archive's list names it.
        entry: BString,
        /// What the server said.
        error: Box<ServerError>,
    },
    /// The restore goes on over fewer connections than it was to have.
    FewerConnections {
        /// Why.
        reason: String,
    },
}
