//! What a dump came to.

use std::time::Duration;

/// What was dumped, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// Entries in the archive's table of contents.
    pub entries: usize,
    /// Tables whose rows were dumped.
    pub tables: u64,
    /// Rows of those tables.
    pub rows: u64,
    /// Large objects.
    pub large_objects: u64,
    /// Bytes of COPY data and large objects, before compression.
    pub raw_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// From connecting to the synced file.
    pub elapsed: Duration,
}
