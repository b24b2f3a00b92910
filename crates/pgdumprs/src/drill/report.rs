//! What a drill came to.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use bstr::BString;
use pgdumprs_archive::CreationTime;

use crate::{Comparison, RestoreEnd, RestoreReport};

/// The record of a drill.
#[derive(Debug)]
#[non_exhaustive]
pub struct DrillReport {
    /// What was restored.
    pub archive: DrilledArchive,
    /// The version of the server that it was restored on, as that prints it.
    pub server_version: BString,
    /// The name of the database that was made.
    pub database: String,
    /// What became of it.
    pub fate: DrillDatabase,
    /// When the drill began, by this machine's clock.
    pub begun: SystemTime,
    /// How the database was made otherwise than the archive has it.
    pub database_adaptations: Vec<String>,
    /// What the restore came to; `None` where it could not be begun or was stopped.
    pub restore: Option<RestoreReport>,
    /// Tables, large objects and sequences: the source is the archive, the target the restored database.
    pub comparisons: Vec<Comparison>,
    /// What was asked of the restored database. Empty where the drill did not come to it.
    pub assertions: Vec<Assertion>,
    /// What else kept the drill from proving the archive, each with its causes.
    pub failures: Vec<String>,
    /// How long each part took.
    pub phases: Vec<(DrillPhase, Duration)>,
    /// From the first to the last.
    pub elapsed: Duration,
}

/// An archive that was restored in a drill.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct DrilledArchive {
    /// The file or folder, or the place of the object.
    pub path: PathBuf,
    /// Its size, or that of all files in the folder.
    pub bytes: u64,
    /// Its SHA-256; of a folder, that of what `sha256sum` prints of its files in the order of their names.
    pub sha256: String,
    /// When it says that it was made.
    pub created: CreationTime,
    /// The database that was dumped.
    pub database: Option<BString>,
    /// The version of the server that was dumped.
    pub server_version: Option<BString>,
    /// The version of the program that wrote it.
    pub dumper_version: Option<BString>,
    /// Tables with rows.
    pub tables: usize,
    /// Rows of COPY text.
    pub rows: u64,
    /// Large objects.
    pub large_objects: u64,
}

/// What became of a drill's database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DrillDatabase {
    /// It is gone.
    Dropped,
    /// It was to be kept.
    Kept,
    /// It could not be dropped, for this reason.
    Left(String),
}

/// A part of a drill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum DrillPhase {
    /// The archive is read: whether it is sound, and what its rows are.
    Read,
    /// The database is made.
    Create,
    /// The archive is restored.
    Restore,
    /// The database is compared with the archive.
    Compare,
    /// The assertions are asked.
    Assert,
    /// The database is dropped.
    Drop,
}

impl DrillPhase {
    /// It in a word.
    pub fn name(self) -> &'static str {
        match self {
            DrillPhase::Read => "read",
            DrillPhase::Create => "create",
            DrillPhase::Restore => "restore",
            DrillPhase::Compare => "compare",
            DrillPhase::Assert => "assert",
            DrillPhase::Drop => "drop",
        }
    }
}

/// A statement that must be true of the restored database.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Assertion {
    /// Where it begins, counted from 1.
    pub line: usize,
    /// It as it was given.
    pub statement: String,
    /// Why it does not hold; `None` where it does.
    pub failure: Option<String>,
}

impl DrillReport {
    /// Whether everything holds: the archive was restored, everything that was compared is equal, every assertion is true, and the database is gone,
    /// where it was not to be kept.
    pub fn holds(&self) -> bool {
        let restore = self.restore.as_ref();
        restore.is_some_and(|restore| restore.end() != RestoreEnd::Incomplete)
            && self.failures.is_empty()
            && self.doubtful().next().is_none()
            && self.assertions.iter().all(|one| one.failure.is_none())
            && !matches!(self.fate, DrillDatabase::Left(_))
    }

    /// What is not equal, or could not be compared.
    pub fn doubtful(&self) -> impl Iterator<Item = &Comparison> {
        let comparisons = self.comparisons.iter();
        comparisons.filter(|comparison| comparison.is_equal() != Some(true))
    }
}
