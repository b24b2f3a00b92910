//! What is told of a copy while it runs, and at its end.

use std::time::Duration;

use bstr::BString;
use pgdumprs_connect::Notices;

/// Bytes of data that come before it is told of them.
pub(crate) const STEP: u64 = 256 << 10;

/// What happens while data is copied, for whoever watches.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A table's data is about to be read.
    TableStarted {
        /// Qualified, quoted name.
        name: BString,
    },
    /// A table's data has been read to its end.
    TableFinished {
        /// The entry that the data belongs to.
        dump_id: i32,
        /// Qualified, quoted name.
        name: BString,
        /// Number of rows.
        rows: u64,
        /// Bytes of COPY data, before compression.
        bytes: u64,
        /// From its first data to its last.
        elapsed: Duration,
    },
    /// Data has come: told of every 256 KiB or so, and when a part has been read.
    Came {
        /// Bytes so far, before compression.
        raw: u64,
        /// How many of [`Plan::bytes`](crate::Plan::bytes) they stand for, about.
        disk: u64,
    },
    /// A server has said something beside its answers.
    Said {
        /// Qualified, quoted name of the table that was being read, if any.
        table: Option<BString>,
        /// What it said.
        notices: Notices,
    },
    /// Large objects that share an entry have been read.
    LargeObjectsFinished {
        /// How many.
        count: u64,
        /// Their bytes, before compression.
        bytes: u64,
    },
    /// A connection beside the first could not be had, or was refused what it was to read; the copy goes on with fewer. Told once.
    FewerConnections {
        /// Why, with its causes.
        reason: String,
    },
    /// Somebody else waits to lock a table; only the first connection, which has its lock, can read what is left of it. Told once for each
    /// table.
    TableContended {
        /// Qualified, quoted name.
        name: BString,
        /// What the server said, with its causes.
        reason: String,
    },
}

/// What was copied, in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Summary {
    /// Tables.
    pub tables: u64,
    /// Rows of those tables.
    pub rows: u64,
    /// Large objects.
    pub large_objects: u64,
    /// Bytes of COPY data and large objects, before compression.
    pub bytes: u64,
}
