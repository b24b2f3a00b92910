//! What happens during a dump, for whoever watches.

use bstr::BString;
use pgdumprs_copy::Progress;

/// A step of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The session is open.
    Connected {
        /// The server's version as it prints it.
        server_version: BString,
    },
    /// The system catalogs are about to be read.
    ReadingCatalogs,
    /// Tables are about to be locked in ACCESS SHARE mode.
    LockingTables {
        /// How many.
        count: usize,
    },
    /// Definitions and dependencies of what is dumped are about to be read.
    ReadingDefinitions,
    /// Something the user should know of, which does not stop the dump.
    Warning(String),
    /// The table of contents is ready, and the data follows.
    Planned {
        /// Entries in the table of contents.
        entries: usize,
        /// Tables whose data is dumped.
        tables: usize,
    },
    /// Data is being copied.
    Copy(Progress),
    /// The archive is complete and being synced to disk.
    Syncing,
}
