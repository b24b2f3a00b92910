//! What has been done so far, by all connections together.

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_connect::{Notices, ServerError};
use pgdumprs_script::{Pass, Script, Step};
use tokio::sync::mpsc::UnboundedSender;

use crate::outcome::{Failure, Outcome, TableOutcome};

/// What happens during a restore.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Progress {
    /// An entry is about to be restored: its position in the table of contents.
    Begun {
        /// The entry's position.
        entry: usize,
        /// What part of the restore it is begun in.
        pass: Pass,
    },
    /// An entry has been restored, or was tried to be.
    Ended {
        /// The entry's position.
        entry: usize,
        /// What part of the restore it was begun in.
        pass: Pass,
    },
    /// A table's rows are in, or could not be loaded.
    Table(TableOutcome),
    /// So many bytes of data have been sent, all tables and large objects together.
    Sent {
        /// Bytes as the archive has them when they are not compressed.
        bytes: u64,
    },
    /// The server refused a statement.
    Failed(Failure),
    /// The server said something beside its answers.
    Said {
        /// What was being restored, as the archive's list names it.
        entry: BString,
        /// Notices and warnings.
        notices: Notices,
    },
    /// The restore goes on over fewer connections than it was to have.
    FewerConnections {
        /// Why.
        reason: String,
    },
}

/// What all connections write into.
#[derive(Debug)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    exit_on_error: bool,
    stopped: AtomicBool,
    progress: UnboundedSender<Progress>,
}

#[derive(Debug, Default)]
struct State {
    failures: Vec<Failure>,
    /// By the positions of their entries.
    tables: BTreeMap<usize, TableOutcome>,
    /// Positions of entries of which something failed.
    failed: HashSet<usize>,
    /// Positions of entries that were restored without a failure.
    made: HashSet<usize>,
    /// Positions of the steps that were begun.
    begun: HashSet<usize>,
    large_objects: u64,
    bytes: u64,
    /// A COMMIT was sent.
    commits: bool,
    /// The server has said that the transaction has failed.
    undone: bool,
}

impl Ledger {
    pub(crate) fn new(exit_on_error: bool, progress: UnboundedSender<Progress>) -> Self {
        Ledger {
            state: Mutex::default(),
            exit_on_error,
            stopped: AtomicBool::new(false),
            progress,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tell(&self, progress: Progress) {
        // Where nobody hears of it any more, the restore is being given up.
        let _ = self.progress.send(progress);
    }

    /// Whether the restore is to end here.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }

    /// The step at that position is begun.
    pub(crate) fn begun(&self, position: usize, step: &Step) {
        self.lock().begun.insert(position);
        let (entry, pass) = (step.entry, step.pass);
        self.tell(Progress::Begun { entry, pass });
    }

    pub(crate) fn ended(&self, step: &Step) {
        let entry = step.entry;
        let mut state = self.lock();
        if step.pass != Pass::Drop && !state.failed.contains(&entry) {
            state.made.insert(entry);
        }
        let table = state.tables.get(&entry).cloned();
        drop(state);
        if let Some(table) = table {
            self.tell(Progress::Table(table));
        }
        let pass = step.pass;
        self.tell(Progress::Ended { entry, pass });
    }

    /// A statement of a step has failed, or one that belongs to none.
    pub(crate) fn failed(
        &self,
        step: Option<(Step, &Entry)>,
        statement: BString,
        error: ServerError,
    ) {
        let failure = match step {
            Some((_, entry)) => Failure::new(entry.dump_id, entry.label(), statement, error),
            None => Failure::of_none(statement, error),
        };
        let mut state = self.lock();
        // What could not be dropped may be made all the same.
        if let Some((step, _)) = step.filter(|(step, _)| step.pass != Pass::Drop) {
            state.failed.insert(step.entry);
        }
        state.failures.push(failure.clone());
        if self.exit_on_error {
            self.stopped.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.tell(Progress::Failed(failure));
    }

    /// A COMMIT is about to be sent: if no answer comes, nobody knows what became of it.
    pub(crate) fn commits(&self) {
        self.lock().commits = true;
    }

    /// The transaction has failed, and nothing of it is left.
    pub(crate) fn is_undone(&self) {
        self.lock().undone = true;
    }

    /// Whether nothing can be left of what was done in one transaction; `lost` says that the restore has ended without the server's word.
    pub(crate) fn nothing_is_left(&self, lost: bool) -> bool {
        let state = self.lock();
        state.undone || lost && !state.commits
    }

    pub(crate) fn has_failed(&self, entry: usize) -> bool {
        self.lock().failed.contains(&entry)
    }

    pub(crate) fn was_made(&self, entry: usize) -> bool {
        self.lock().made.contains(&entry)
    }

    pub(crate) fn said(&self, entry: Option<&Entry>, notices: Notices) {
        let entry = entry.map_or_else(BString::default, Entry::label);
        self.tell(Progress::Said { entry, notices });
    }

    pub(crate) fn sent(&self, bytes: usize) {
        let mut state = self.lock();
        state.bytes += bytes as u64;
        let bytes = state.bytes;
        drop(state);
        self.tell(Progress::Sent { bytes });
    }

    pub(crate) fn large_objects(&self, count: u64) {
        self.lock().large_objects += count;
    }

    /// The rows of a table come, or do not.
    pub(crate) fn table_begun(&self, position: usize, entry: &Entry) {
        let table = TableOutcome {
            dump_id: entry.dump_id,
            name: name(entry),
            archived: None,
            loaded: 0,
        };
        self.lock().tables.insert(position, table);
    }

    /// So many rows of a table have come in.
    pub(crate) fn loaded(&self, position: usize, rows: u64) {
        if let Some(table) = self.lock().tables.get_mut(&position) {
            table.loaded += rows;
        }
    }

    /// So many rows of a table are in the archive.
    pub(crate) fn archived(&self, position: usize, rows: u64) {
        if let Some(table) = self.lock().tables.get_mut(&position) {
            table.archived = Some(rows);
        }
    }

    pub(crate) fn fewer_connections(&self, reason: String) {
        self.tell(Progress::FewerConnections { reason });
    }

    /// What it all came to.
    pub(crate) fn outcome(&self, script: &Script) -> Outcome {
        let mut state = self.lock();
        let steps = script.steps().iter().enumerate();
        let mut not_reached: Vec<i32> = steps
            .filter(|(position, _)| !state.begun.contains(position))
            .map(|(_, step)| script.entry(step).dump_id)
            .collect();
        not_reached.dedup();
        Outcome {
            failures: std::mem::take(&mut state.failures),
            tables: std::mem::take(&mut state.tables).into_values().collect(),
            large_objects: state.large_objects,
            not_reached,
            ..Outcome::default()
        }
    }
}

/// The name of the table that an entry's rows are of.
fn name(entry: &Entry) -> BString {
    let parts = [&entry.namespace, &entry.tag];
    let parts = parts.into_iter().flatten().filter(|part| !part.is_empty());
    bstr::join(".", parts.map(|part| part.as_bytes())).into()
}
