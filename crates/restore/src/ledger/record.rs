//! What is written into the journal, and what an earlier run has written there.

use std::collections::HashSet;
use std::io;

use pgdumprs_script::{Pass, Script};

use super::{Ledger, State, name};
use crate::journal::{Earlier, Journal};
use crate::outcome::TableOutcome;
use crate::progress::Progress;
use crate::standing::Rows;

impl Ledger {
    /// Goes on with what an earlier run has done, as far as its journal says. `script` is the one of this run.
    pub(crate) fn resume(&self, earlier: &Earlier, script: &Script) {
        let mut state = self.lock();
        state.there_before = earlier.there.clone();
        let mut done = Vec::new();
        let mut begun = HashSet::new();
        // What was done to an object that was not this restore's own is done again: the object may be another by now.
        let mut undone = HashSet::new();
        // The content of large objects need not name the entries that make them.
        let mut lacks_large_objects = false;
        for (position, step) in script.steps().iter().enumerate() {
            let entry = script.entry(step);
            if earlier.empty.contains(&entry.dump_id) {
                state.empty_before.insert(step.entry);
            }
            if earlier.begun.contains(&entry.dump_id) {
                begun.insert(position);
            }
            let descriptor = entry.descriptor.as_slice();
            let hangs = entry.dependencies.iter().any(|id| undone.contains(id))
                || descriptor == b"BLOBS" && lacks_large_objects;
            let count = earlier.done.get(&self.steps[position]);
            let Some(&count) = count.filter(|_| !hangs || step.pass == Pass::Drop) else {
                if step.pass != Pass::Drop {
                    undone.insert(entry.dump_id);
                    lacks_large_objects |= matches!(descriptor, b"BLOB" | b"BLOB METADATA");
                }
                continue;
            };
            done.push(position);
            if step.pass != Pass::Drop {
                state.made.insert(step.entry);
            }
            match descriptor {
                b"TABLE DATA" => {
                    let has_rows = entry.copy.as_ref().is_some_and(|text| !text.is_empty());
                    let table = TableOutcome {
                        dump_id: entry.dump_id,
                        name: name(entry),
                        archived: has_rows.then_some(count),
                        loaded: count,
                    };
                    state.tables.insert(step.entry, table);
                }
                b"BLOBS" => {
                    state.large_objects.insert(step.entry, count);
                }
                _ => {}
            }
        }
        state.standing.resume(&done, begun);
        drop(state);
        for position in done {
            let step = &script.steps()[position];
            self.tell(Progress::Ended {
                entry: step.entry,
                pass: step.pass,
            });
        }
    }

    /// Begins the journal, if there is one.
    pub(crate) fn begin_journal(&self, script: &Script) {
        let mut state = self.lock();
        let empty = state.empty_before.iter();
        let empty = empty.map(|&at| script.entries()[at].dump_id).collect();
        let there = state.there_before.clone();
        self.write(&mut state, |journal| journal.begin(there.as_ref(), &empty));
    }

    /// A process of the server works for this restore.
    pub(crate) fn process(&self, id: u32, began: &str) {
        self.write(&mut self.lock(), |journal| journal.process(id, began));
    }

    /// The rows of a step may be in from now on; `is_own` says that the table has no others.
    pub(crate) fn rows_may_be_in(&self, step: usize, is_own: bool) {
        let mut state = self.lock();
        state.standing.set_rows(step, Rows::Unknown);
        if !is_own {
            self.write(&mut state, |journal| journal.begun(self.steps[step].1));
        }
    }

    /// Takes the journal, when nothing is to be written any more.
    pub(crate) fn take_journal(&self) -> Option<Journal> {
        self.lock().journal.take()
    }

    /// Writes what is on the server's disk.
    pub(super) fn write_done(&self, state: &mut State, settled: &[usize]) {
        let good = settled
            .iter()
            .filter(|position| state.standing.is_good(**position));
        let count = |position: usize| match state.standing.rows(position, true) {
            Rows::In(count) => count,
            Rows::Out | Rows::Unknown => 0,
        };
        let done: Vec<_> = good
            .map(|&position| (self.steps[position], count(position)))
            .collect();
        self.write(state, |journal| journal.done(&done));
    }

    /// Writes into the journal, if there is one. One that cannot be written any more would lead astray, and goes.
    pub(super) fn write(
        &self,
        state: &mut State,
        write: impl FnOnce(&mut Journal) -> io::Result<()>,
    ) {
        let Some(journal) = &mut state.journal else {
            return;
        };
        let Err(error) = write(journal) else { return };
        let gone = state.journal.take().map(Journal::remove);
        let reason = match gone {
            Some(Err(kept)) => format!("{error}; and it could not be removed: {kept}"),
            _ => error.to_string(),
        };
        self.tell(Progress::NoJournal { reason });
    }
}
