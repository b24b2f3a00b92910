//! What to copy, and what comes of it.

use bstr::BString;

use crate::Inserts;

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
    Table(Table),
    /// Large objects that share one entry.
    LargeObjects {
        /// Their OIDs, in the order they are written.
        oids: Vec<u32>,
    },
}

/// A table whose rows are read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    /// Qualified, quoted name.
    pub name: BString,
    /// The `COPY … TO STDOUT` that reads all rows.
    pub copy: BString,
    /// Bytes that the table takes on disk, TOAST included.
    pub bytes: u64,
    /// What rows meet that are read, where those are not all: an SQL expression, which `copy` has already and a range of pages is read with.
    pub condition: Option<BString>,
    /// Where a range of pages can be read by itself.
    pub by_pages: Option<ByPages>,
    /// How rows become INSERT statements, where they do; such a table is read as a whole.
    pub inserts: Option<Inserts>,
    /// Whether COPY's binary format says all that its text says of the values, to a server of the same major release.
    pub is_binary_exact: bool,
}

/// How COPY writes rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// A line for each.
    Text,
    /// As types send values, which costs both servers less work.
    Binary,
}

/// What reading a range of a table's pages takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByPages {
    /// How many pages the table has.
    pub pages: u32,
    /// The columns that [`Table::copy`] reads, as a SELECT lists them.
    pub columns: BString,
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
