//! What is told of the restore of a server.

use crate::RestoreEvent;

/// What happens while the databases of a server are restored, one after the other.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum ServerRestoreEvent {
    /// The restore of a database has begun.
    Begun {
        /// The database.
        database: String,
    },
    /// The restore of a database tells something.
    Told {
        /// The database.
        database: String,
        /// What it tells.
        event: RestoreEvent,
    },
}
