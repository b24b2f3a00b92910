//! What a restore came to.

use std::time::Duration;

use bstr::BString;
use pgdumprs_plan::Adaptation;
use pgdumprs_restore::{Error, Failure, Outcome, TableOutcome};

/// What was restored and what was not.
#[derive(Debug)]
#[non_exhaustive]
pub struct RestoreReport {
    /// The server's version as it prints it.
    pub server_version: BString,
    /// Entries that were restored otherwise than the archive has them, or left out, in the order of the restore.
    pub adaptations: Vec<AdaptedEntry>,
    /// What the server refused, in the order in which it did. `pg_restore` calls them errors that were ignored.
    pub failures: Vec<Failure>,
    /// Each table whose rows were to be loaded, in the archive's order, with how many there are and how many came in.
    pub tables: Vec<TableOutcome>,
    /// Large objects whose content was written.
    pub large_objects: u64,
    /// Numbers of the entries that the restore did not come to.
    pub not_reached: Vec<i32>,
    /// What ended it before its end. `None` also where it stopped at the first failure, as it was told to.
    pub stopped: Option<Error>,
    /// It was one transaction, which was given up: nothing has changed.
    pub rolled_back: bool,
    /// What was warned of.
    pub warnings: Vec<String>,
    /// From connecting to the end.
    pub elapsed: Duration,
    complete: bool,
}

/// An entry that is restored otherwise than the archive has it, or left out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdaptedEntry {
    /// The entry's number in the archive.
    pub dump_id: i32,
    /// Kind, schema and name, as the archive's list has them.
    pub name: BString,
    /// What is done otherwise, and why.
    pub adaptations: Vec<Adaptation>,
}

/// How a restore has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum RestoreEnd {
    /// Everything that was asked for is there, and on the server's disk.
    Complete,
    /// Everything is there but for what was adapted, and on the server's disk: the report lists it.
    Adapted,
    /// Something is missing: the report says what.
    Incomplete,
}

impl RestoreReport {
    pub(crate) fn new(
        outcome: Outcome,
        server_version: BString,
        adaptations: Vec<AdaptedEntry>,
        warnings: Vec<String>,
        elapsed: Duration,
    ) -> Self {
        let complete = outcome.is_complete();
        Self {
            server_version,
            adaptations,
            failures: outcome.failures,
            tables: outcome.tables,
            large_objects: outcome.large_objects,
            not_reached: outcome.not_reached,
            stopped: outcome.stopped,
            rolled_back: outcome.rolled_back,
            warnings,
            elapsed,
            complete,
        }
    }

    /// How it has ended.
    pub fn end(&self) -> RestoreEnd {
        match self.complete {
            true if self.adaptations.is_empty() => RestoreEnd::Complete,
            true => RestoreEnd::Adapted,
            false => RestoreEnd::Incomplete,
        }
    }

    /// The tables that lack rows.
    pub fn incomplete_tables(&self) -> impl Iterator<Item = &TableOutcome> {
        self.tables.iter().filter(|table| !table.is_complete())
    }
}
