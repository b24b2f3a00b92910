//! What a restore came to.

use std::collections::HashSet;
use std::path::PathBuf;
use std::time::Duration;

use bstr::BString;
use pgdumprs_archive::{Entry, Header};
use pgdumprs_plan::Adaptation;
use pgdumprs_restore::{Error, Failure, Outcome, TableOutcome};

use crate::restore::analyze::Analysis;
use crate::restore::cause::Cause;
use crate::restore::phase::RestorePhase;

/// What was restored and what was not.
#[derive(Debug)]
#[non_exhaustive]
pub struct RestoreReport {
    /// The database that the restore was connected to at its beginning.
    pub database: String,
    /// The server's version as it prints it.
    pub server_version: BString,
    /// The version of the server that was dumped, as that prints it.
    pub archive_server_version: Option<BString>,
    /// The version of the program that wrote the archive.
    pub archive_dumper_version: Option<BString>,
    /// How many entries were to be restored.
    pub entries: usize,
    /// Entries that were restored otherwise than the archive has them, or left out, in the order of the restore.
    pub adaptations: Vec<AdaptedEntry>,
    /// What the server refused, in the order in which it did. `pg_restore` calls them errors that were ignored.
    pub failures: Vec<Failure>,
    /// Why they failed, in the order in which that showed.
    pub causes: Vec<Cause>,
    /// Each table whose rows were to be loaded, in the archive's order, with how many there are and how many came in.
    pub tables: Vec<TableOutcome>,
    /// Large objects whose content was written.
    pub large_objects: u64,
    /// The entries that the restore did not come to.
    pub not_reached: Vec<Unreached>,
    /// What ended it before its end. `None` also where it stopped at the first failure, as it was told to.
    pub stopped: Option<Error>,
    /// It was one transaction, which was given up: nothing has changed.
    pub rolled_back: bool,
    /// The journal that [`Restore::resume`](crate::Restore::resume) can go on with.
    pub journal: Option<PathBuf>,
    /// What was warned of.
    pub warnings: Vec<String>,
    /// What gathering statistics came to, where [`Restore::analyze`](crate::Restore::analyze) asks for it.
    pub analysis: Option<Analysis>,
    /// How long each part took.
    pub phases: Vec<(RestorePhase, Duration)>,
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

/// An entry that the restore did not come to.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Unreached {
    /// The entry's number in the archive.
    pub dump_id: i32,
    /// Kind, schema and name, as the archive's list has them.
    pub name: BString,
}

/// What is known of a restore beside its outcome.
#[derive(Debug)]
pub(super) struct Circumstances<'a> {
    pub(super) header: &'a Header,
    /// All entries of the archive.
    pub(super) entries: &'a [Entry],
    /// How many of them were to be restored.
    pub(super) wanted: usize,
    pub(super) database: String,
    pub(super) server_version: BString,
    pub(super) adaptations: Vec<AdaptedEntry>,
    pub(super) causes: Vec<Cause>,
    pub(super) warnings: Vec<String>,
    pub(super) analysis: Option<Analysis>,
    pub(super) phases: Vec<(RestorePhase, Duration)>,
    pub(super) elapsed: Duration,
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
    pub(super) fn new(outcome: Outcome, known: Circumstances<'_>) -> Self {
        let analysis = known.analysis;
        let is_analyzed = analysis
            .as_ref()
            .is_none_or(|analysis| analysis.failures.is_empty());
        let complete = outcome.is_complete() && is_analyzed;
        let ids: HashSet<i32> = outcome.not_reached.iter().copied().collect();
        let not_reached = known
            .entries
            .iter()
            .filter(|entry| ids.contains(&entry.dump_id));
        let not_reached = not_reached.map(|entry| Unreached {
            dump_id: entry.dump_id,
            name: entry.label(),
        });
        Self {
            database: known.database,
            server_version: known.server_version,
            archive_server_version: known.header.server_version.clone(),
            archive_dumper_version: known.header.dumper_version.clone(),
            entries: known.wanted,
            adaptations: known.adaptations,
            failures: outcome.failures,
            causes: known.causes,
            tables: outcome.tables,
            large_objects: outcome.large_objects,
            not_reached: not_reached.collect(),
            stopped: outcome.stopped,
            rolled_back: outcome.rolled_back,
            journal: outcome.journal,
            warnings: known.warnings,
            analysis,
            phases: known.phases,
            elapsed: known.elapsed,
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
