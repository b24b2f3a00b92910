//! What a dump came to.

use std::fmt;
use std::time::{Duration, SystemTime};

use bstr::BString;

use crate::ChosenRows;
use crate::planning::Planned;

/// What was dumped, in numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The database's name.
    pub database: BString,
    /// The server's version as it prints it.
    pub server_version: BString,
    /// The server's place in its write-ahead log right after the snapshot was taken, or on a standby how far it had replayed: all that the
    /// dump shows was written before it. `None` where the role may not ask, and for a snapshot that another session exported.
    pub snapshot_lsn: Option<Lsn>,
    /// The server's time right after the snapshot was taken. `None` for a snapshot that another session exported.
    pub snapshot_time: Option<SystemTime>,
    /// How often the catalogs were read: once, and once more each time that the database changed meanwhile.
    pub tries: usize,
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
    /// The same bytes as they stand in the archive.
    pub compressed_bytes: u64,
    /// Bytes of the archive.
    pub archive_bytes: u64,
    /// Each of the tables, in the archive's order.
    pub table_reports: Vec<TableReport>,
    /// Tables of which not all rows were to be dumped ([`Dump::rows_where`](crate::Dump::rows_where)).
    pub chosen_rows: Vec<ChosenRows>,
    /// What was warned of.
    pub warnings: Vec<String>,
    /// From connecting to the finished archive, synced where it is a file.
    pub elapsed: Duration,
}

impl Report {
    /// What is known before data is copied.
    pub(crate) fn begin(planned: &Planned) -> Self {
        let Planned {
            header,
            entries,
            begun,
            chosen,
            tries,
            ..
        } = planned;
        Self {
            database: header.database.clone().unwrap_or_default(),
            server_version: header.server_version.clone().unwrap_or_default(),
            snapshot_lsn: begun.lsn,
            snapshot_time: begun.time,
            tries: *tries,
            entries: entries.len(),
            tables: 0,
            rows: 0,
            large_objects: 0,
            raw_bytes: 0,
            compressed_bytes: 0,
            archive_bytes: 0,
            table_reports: Vec::new(),
            chosen_rows: chosen.clone(),
            warnings: Vec::new(),
            elapsed: Duration::ZERO,
        }
    }
}

/// What was dumped of a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct TableReport {
    /// Qualified, quoted name.
    pub name: BString,
    /// Its rows.
    pub rows: u64,
    /// Bytes of its COPY data, before compression.
    pub raw_bytes: u64,
    /// The same bytes as they stand in the archive. Only a [`Report`] knows them: in events it is 0.
    pub compressed_bytes: u64,
    /// From its first data to its last. Tables are read at the same time, so that these times may add up to more than the dump took.
    pub elapsed: Duration,
}

/// A place in a server's write-ahead log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Lsn(pub u64);

impl Lsn {
    /// Reads what servers print: two numbers in hexadecimal, with a slash.
    pub(crate) fn parse(text: &[u8]) -> Option<Self> {
        let (high, low) = std::str::from_utf8(text).ok()?.split_once('/')?;
        let part = |text| u32::from_str_radix(text, 16).ok().map(u64::from);
        Some(Self(part(high)? << 32 | part(low)?))
    }
}

/// As servers print it: `16/B374D848`.
impl fmt::Display for Lsn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:X}/{:X}", self.0 >> 32, self.0 & 0xffff_ffff)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_in_the_log_are_read_and_printed_as_by_the_server() {
        for text in ["0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF", "0/15A"] {
            let lsn = Lsn::parse(text.as_bytes()).unwrap();
            assert_eq!(lsn.to_string(), text);
        }
        assert!(Lsn(1 << 32) > Lsn(0xffff_ffff));
        for text in ["", "/", "0", "0/G", "1/100000000", "\u{ff11}/0"] {
            assert_eq!(Lsn::parse(text.as_bytes()), None, "{text}");
        }
    }
}
