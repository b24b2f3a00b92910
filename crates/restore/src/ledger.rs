//! What has been done so far, by all connections together.

mod record;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_connect::{Notices, ServerError};
use pgdumprs_script::{Pass, Script, Step};
use tokio::sync::mpsc::UnboundedSender;

use crate::doubt;
use crate::journal::Journal;
use crate::outcome::{Failure, Outcome, TableOutcome};
use crate::progress::Progress;
use crate::standing::{Rows, Standing};

/// How often the server is asked to bring what has ended to its disk: what is lost with a connection is begun again from there on.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// What all connections write into.
#[derive(Debug)]
pub(crate) struct Ledger {
    state: Mutex<State>,
    exit_on_error: bool,
    /// Whether what is cut off can be begun again.
    can_go_on: bool,
    /// Data that was read does not come again.
    is_read_once: bool,
    /// Each step's pass, and its entry's number.
    steps: Vec<(Pass, i32)>,
    stopped: AtomicBool,
    /// Nothing new is to be begun over the connections of now.
    interrupted: AtomicBool,
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
    standing: Standing,
    /// Numbers of entries whose objects were there before; `None` where that is not known.
    there_before: Option<HashSet<i32>>,
    journal: Option<Journal>,
    last_flush: Option<Instant>,
    /// Entries whose tables had no rows before this restore, though it has not made them.
    empty_before: HashSet<usize>,
    /// By the positions of their entries.
    large_objects: BTreeMap<usize, u64>,
    bytes: u64,
    /// A COMMIT was sent.
    commits: bool,
    /// The server has said that the transaction has failed.
    undone: bool,
}

impl Ledger {
    pub(crate) fn new(
        exit_on_error: bool,
        (can_go_on, is_read_once): (bool, bool),
        script: &Script,
        (there_before, journal): (Option<HashSet<i32>>, Option<Journal>),
        progress: UnboundedSender<Progress>,
    ) -> Self {
        Ledger {
            state: Mutex::new(State {
                there_before,
                journal,
                ..State::default()
            }),
            exit_on_error,
            can_go_on,
            is_read_once,
            steps: script
                .steps()
                .iter()
                .map(|step| (step.pass, script.entry(step).dump_id))
                .collect(),
            stopped: AtomicBool::new(false),
            interrupted: AtomicBool::new(false),
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

    /// Whether nothing new is to be begun for now: the restore ends, or what is under way has to end first.
    pub(crate) fn is_held(&self) -> bool {
        self.is_stopped() || self.interrupted.load(Ordering::Relaxed)
    }

    /// Lets nothing new be begun over the connections of now.
    pub(crate) fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// Goes on after an interruption; tells whether there was one.
    pub(crate) fn take_interruption(&self) -> bool {
        self.interrupted.swap(false, Ordering::Relaxed)
    }

    /// How the steps stand.
    pub(crate) fn standing<T>(&self, look: impl FnOnce(&mut Standing) -> T) -> T {
        look(&mut self.lock().standing)
    }

    /// The step at that position is begun.
    pub(crate) fn begun(&self, position: usize, step: &Step) {
        self.lock().standing.begin(position);
        let (entry, pass) = (step.entry, step.pass);
        self.tell(Progress::Begun { entry, pass });
    }

    /// The server has answered everything that the step at a position has said.
    pub(crate) fn ended(&self, position: usize, step: &Step) {
        let entry = step.entry;
        let mut state = self.lock();
        // Where the restore ends at a failure, a step may have been broken off.
        if !self.is_stopped() && !state.standing.end(position) {
            return;
        }
        if step.pass != Pass::Drop && !state.failed.contains(&entry) {
            state.made.insert(entry);
        }
        let table = state.tables.get(&entry).cloned();
        if let Some(table) = &table {
            state.standing.set_rows(position, Rows::In(table.loaded));
        }
        if state.standing.is_settled(position) {
            self.write_done(&mut state, &[position]);
        }
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
        placed: Option<(usize, Step, &Entry)>,
        statement: BString,
        error: ServerError,
    ) {
        let failure = match placed {
            Some((_, _, entry)) => Failure::new(entry.dump_id, entry.label(), statement, error),
            None => Failure::of_none(statement, error),
        };
        let mut state = self.lock();
        if let Some((position, step, entry)) = placed {
            state.standing.fail(position);
            let code = failure.error.code.as_bstr();
            // A later run must not take it for its own.
            if doubt::is_done_already(step.pass, entry.descriptor.as_bstr(), code) {
                if let Some(there) = &mut state.there_before {
                    there.insert(entry.dump_id);
                }
                self.write(&mut state, |journal| journal.was_there(entry.dump_id));
            }
        }
        // What could not be dropped may be made all the same.
        if let Some((_, step, _)) = placed.filter(|(_, step, _)| step.pass != Pass::Drop) {
            state.failed.insert(step.entry);
        }
        state.failures.push(failure.clone());
        if self.exit_on_error {
            self.stopped.store(true, Ordering::Relaxed);
        }
        drop(state);
        self.tell(Progress::Failed(failure));
    }

    /// What a flush that is sent now will bring to disk, where it is time for one.
    pub(crate) fn flush_is_due(&self) -> Option<usize> {
        let mut state = self.lock();
        let is_due = state.standing.unflushed() > 0
            && state
                .last_flush
                .is_none_or(|last| last.elapsed() >= FLUSH_EVERY);
        is_due.then(|| {
            state.last_flush = Some(Instant::now());
            state.standing.mark()
        })
    }

    /// Everything that had ended at a mark is on disk.
    pub(crate) fn flushed(&self, mark: usize) {
        let mut state = self.lock();
        let settled = state.standing.flushed(mark);
        self.write_done(&mut state, &settled);
    }

    /// Whether an error of a step is no failure of it, or none yet: what it says is done already, has been put down before, or may succeed
    /// when it is tried again.
    pub(crate) fn is_no_failure(
        &self,
        (position, step, entry): (usize, Step, &Entry),
        statement: &BString,
        error: &ServerError,
    ) -> bool {
        if !self.can_go_on {
            return false;
        }
        let mut state = self.lock();
        if state.standing.is_postponed(position) {
            return true;
        }
        let code = error.code.as_bstr();
        if state.standing.is_doubted(position) {
            let dump_id = Some(entry.dump_id);
            let is_known =
                |failure: &Failure| failure.dump_id == dump_id && failure.statement == *statement;
            if state.failures.iter().any(is_known) {
                return true;
            }
            let there = state.there_before.as_ref();
            let was_not_there = there.is_some_and(|there| !there.contains(&entry.dump_id));
            if was_not_there && doubt::is_done_already(step.pass, entry.descriptor.as_bstr(), code)
            {
                return true;
            }
        }
        let is_in_the_wake = self.interrupted.load(Ordering::Relaxed);
        let is_data = matches!(entry.descriptor.as_slice(), b"TABLE DATA" | b"BLOBS");
        let is_put_off = (doubt::is_passing(code) || is_in_the_wake)
            && !(is_data && self.is_read_once)
            && !self.is_stopped()
            && state.standing.postpone(position);
        drop(state);
        if is_put_off {
            self.interrupt();
            self.tell(Progress::TriedAgain {
                entry: entry.label(),
                error: Box::new(error.clone()),
            });
        }
        is_put_off
    }

    /// The table of an entry's rows was there before, without any.
    pub(crate) fn was_empty(&self, entry: usize) {
        self.lock().empty_before.insert(entry);
    }

    /// Whether the table of an entry's rows is known to have had none, though it was there before.
    pub(crate) fn is_known_empty(&self, entry: usize) -> bool {
        self.lock().empty_before.contains(&entry)
    }

    /// What became of a step's rows.
    pub(crate) fn rows(&self, step: usize, rows: Rows) {
        self.lock().standing.set_rows(step, rows);
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

    pub(crate) fn large_objects(&self, position: usize, step: &Step, count: u64) {
        let mut state = self.lock();
        state.large_objects.insert(step.entry, count);
        state.standing.set_rows(position, Rows::In(count));
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

    pub(crate) fn reconnected(&self, reason: String) {
        self.tell(Progress::Reconnected { reason });
    }

    pub(crate) fn fewer_connections(&self, reason: String) {
        self.tell(Progress::FewerConnections { reason });
    }

    /// What it all came to.
    pub(crate) fn outcome(&self, script: &Script) -> Outcome {
        let mut state = self.lock();
        let steps = script.steps().iter().enumerate();
        let mut not_reached: Vec<i32> = steps
            .filter(|(position, _)| !state.standing.is_begun(*position))
            .map(|(_, step)| script.entry(step).dump_id)
            .collect();
        not_reached.dedup();
        Outcome {
            failures: std::mem::take(&mut state.failures),
            tables: std::mem::take(&mut state.tables).into_values().collect(),
            large_objects: state.large_objects.values().sum(),
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
