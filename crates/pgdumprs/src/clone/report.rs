//! What a clone came to.

use std::time::{Duration, SystemTime};

use bstr::BString;

use super::{KeptArchive, Verification};
use crate::{ChosenRows, Error, Lsn, RestoreEnd, RestoreReport};

/// What a clone came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct CloneReport {
    /// The source's name.
    pub database: BString,
    /// The version of the source's server as it prints it.
    pub server_version: BString,
    /// That server's place in its write-ahead log right after the snapshot was taken: see [`Report::snapshot_lsn`](crate::Report::snapshot_lsn).
    pub snapshot_lsn: Option<Lsn>,
    /// That server's time right after the snapshot was taken.
    pub snapshot_time: Option<SystemTime>,
    /// How often the source's catalogs were read: once, and once more each time that it changed meanwhile.
    pub tries: usize,
    /// What became of it on the target. Rows that are said there to be archived are those that the source has sent.
    pub restore: RestoreReport,
    /// Tables of which not all rows were to be cloned ([`Dump::rows_where`](crate::Dump::rows_where)).
    pub chosen_rows: Vec<ChosenRows>,
    /// Why it is not proved that what was read is one state of the source, though all was read.
    pub source_end: Option<Error>,
    /// What was compared, where [`DatabaseClone::verify`](crate::DatabaseClone::verify) asks for that.
    pub verification: Option<Verification>,
    /// The archive that [`DatabaseClone::archive`](crate::DatabaseClone::archive) asks for, or why there is none.
    pub archive: Option<Result<KeptArchive, Error>>,
    /// What was warned of on the source's side.
    pub warnings: Vec<String>,
    /// From the first connection to the end.
    pub elapsed: Duration,
}

/// How a clone has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloneEnd {
    /// Everything that was asked for is there, and on the target's disk.
    Complete,
    /// Everything is there but for what was adapted, and on the target's disk: the report lists it.
    Adapted,
    /// Something is missing, or not as it is on the source: the report says what.
    Incomplete,
}

impl CloneReport {
    /// How it has ended.
    pub fn end(&self) -> CloneEnd {
        match self.restore.end() {
            _ if self.source_end.is_some() || !self.is_proved() => CloneEnd::Incomplete,
            _ if matches!(self.archive, Some(Err(_))) => CloneEnd::Incomplete,
            RestoreEnd::Complete => CloneEnd::Complete,
            RestoreEnd::Adapted => CloneEnd::Adapted,
            RestoreEnd::Incomplete => CloneEnd::Incomplete,
        }
    }

    /// Whether nothing that was compared is different.
    fn is_proved(&self) -> bool {
        self.verification
            .as_ref()
            .is_none_or(Verification::is_proved)
    }
}
