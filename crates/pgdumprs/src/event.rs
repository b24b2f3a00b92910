//! What happens during a dump, for whoever watches.

use bstr::BString;

use crate::TableReport;

/// A step of a dump.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// The session is open.
    #[non_exhaustive]
    Connected {
        /// The server's version as it prints it.
        server_version: BString,
    },
    /// The system catalogs are about to be read.
    ReadingCatalogs,
    /// Tables are about to be locked in ACCESS SHARE mode.
    #[non_exhaustive]
    LockingTables {
        /// How many.
        count: usize,
    },
    /// Definitions and dependencies of what is dumped are about to be read.
    ReadingDefinitions,
    /// The database changed while it was being read, and the dump begins again: nothing has been written yet.
    #[non_exhaustive]
    TryingAgain {
        /// Which try begins, 2 for the first one again.
        attempt: usize,
        /// What was in the way of the last one, with its causes.
        reason: String,
    },
    /// Something the user should know of, which does not stop the dump.
    Warning(String),
    /// What a server has said beside its answers, and that is no warning: those are an [`Event::Warning`].
    Notice(String),
    /// What might be done better, though nothing is wrong: the host's name is that of a provider's pooler, a file cannot be
    /// replaced, or the output takes nothing for a while.
    Hint(String),
    /// The table of contents is ready, and the data follows.
    #[non_exhaustive]
    Planned {
        /// Entries in the table of contents.
        entries: usize,
        /// Tables whose data is dumped.
        tables: usize,
    },
    /// A table's data begins to come.
    #[non_exhaustive]
    TableStarted {
        /// Qualified, quoted name.
        name: BString,
    },
    /// A table's data has been read to its end, though not all of it need have been written.
    TableFinished(TableReport),
    /// Large objects that share an entry have been read.
    #[non_exhaustive]
    LargeObjectsFinished {
        /// How many.
        count: u64,
        /// Their bytes, before compression.
        bytes: u64,
    },
    /// How far the data has come: told of every 256 KiB or so. [`Events`](crate::Events) keeps the last of those that nobody has taken.
    Progress(Progress),
    /// The file is complete and being read back.
    Verifying,
    /// The archive is complete and being synced to disk.
    Syncing,
}

/// How far the data of a dump has come.
///
/// How much there is to come is not known beforehand. What tables take on disk is, and how much of that has been read is an estimate: it
/// never goes back, and ends at what was planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Progress {
    /// Tables that have been read to their end.
    pub tables: u64,
    /// Tables whose data is dumped.
    pub tables_planned: u64,
    /// Rows of the tables that have been read to their end.
    pub rows: u64,
    /// Bytes of data that have come, before compression.
    pub raw_bytes: u64,
    /// How much of [`disk_bytes_planned`](Self::disk_bytes_planned) they stand for.
    pub disk_bytes: u64,
    /// Bytes that the data takes on disk in the server: tables with TOAST, and a guess for large objects.
    pub disk_bytes_planned: u64,
}

impl Progress {
    /// How much has come, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        match self.disk_bytes_planned {
            0 if self.tables_planned == 0 => 1.0,
            0 => self.tables as f64 / self.tables_planned as f64,
            planned => self.disk_bytes as f64 / planned as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fraction_is_of_what_was_planned() {
        let mut progress = Progress::default();
        assert_eq!(progress.fraction(), 1.0);
        progress.tables_planned = 4;
        progress.tables = 1;
        // Tables without pages.
        assert_eq!(progress.fraction(), 0.25);
        progress.disk_bytes_planned = 1000;
        progress.disk_bytes = 500;
        assert_eq!(progress.fraction(), 0.5);
    }
}
