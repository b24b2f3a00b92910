//! What to copy, and what comes of it.

use bstr::BString;

/// The data of one archive entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    /// The entry that the data belongs to.
    pub dump_id: i32,
    /// Where the data comes from.
    pub work: Work,
}

/// Where data comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Work {
    /// Rows of a table.
    Table {
        /// Qualified, quoted name, for messages.
        name: BString,
        /// The `COPY … TO STDOUT` that reads them.
        copy: BString,
    },
    /// Large objects that share one entry.
    LargeObjects {
        /// Their OIDs, in the order they are written.
        oids: Vec<u32>,
    },
}

/// What the archive's writer has to do next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Begin the data block of an entry.
    BeginTable {
        /// The entry.
        dump_id: i32,
    },
    /// Begin the block of an entry that holds large objects.
    BeginLargeObjects {
        /// The entry.
        dump_id: i32,
    },
    /// Begin a large object inside the open block.
    BeginLargeObject {
        /// Its OID.
        oid: u32,
    },
    /// Write a finished chunk payload into the open stream.
    Chunk(Vec<u8>),
    /// End the open large object.
    EndLargeObject,
    /// End the open block.
    EndBlock,
}

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
        /// Qualified, quoted name.
        name: BString,
        /// Number of rows.
        rows: u64,
        /// Bytes of COPY data, before compression.
        bytes: u64,
    },
    /// Large objects that share an entry have been read.
    LargeObjectsFinished {
        /// How many.
        count: u64,
        /// Their bytes, before compression.
        bytes: u64,
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
