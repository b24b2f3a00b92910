//! What is told of the dump of a server.

use bstr::BString;

use crate::Event;

/// What happens while the databases of a server are dumped.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ServerDumpEvent {
    /// The dump of a database has begun.
    Begun {
        /// The database.
        database: BString,
        /// Over how many connections.
        connections: usize,
    },
    /// The dump of a database tells something.
    Told {
        /// The database.
        database: BString,
        /// What it tells.
        event: Event,
    },
    /// A database's archive is complete.
    Complete {
        /// The database.
        database: BString,
        /// Rows that were dumped.
        rows: u64,
        /// Bytes of the archive.
        archive_bytes: u64,
    },
    /// A database could not be dumped. The others are dumped all the same.
    Failed {
        /// The database.
        database: BString,
        /// Why, in one line.
        reason: String,
    },
}
