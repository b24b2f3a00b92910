//! How far a restore has come that is ended by a signal.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pgdumprs::{Restore, RestoreEvent, RestoreProgress};

use crate::message::say;

/// What the restore has told of itself.
#[derive(Clone, Default)]
pub(super) struct Reached(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    progress: Option<RestoreProgress>,
    journal: Option<PathBuf>,
}

impl Reached {
    /// Listens to a restore.
    pub(super) fn watch(&self, restore: Restore) -> Restore {
        let state = Arc::clone(&self.0);
        restore.watch(move |event| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            match event {
                RestoreEvent::Progress(progress) => state.progress = Some(progress),
                RestoreEvent::Journal(path) => state.journal = Some(path),
                _ => {}
            }
        })
    }

    /// Says what is done and what is not, where something has been begun.
    pub(super) fn tell(&self) {
        let state = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(progress) = &state.progress {
            say(format_args!(
                "{} of {} entries are done, and {} of {} tables are loaded; the rest is not",
                progress.entries,
                progress.entries_planned,
                progress.tables,
                progress.tables_planned
            ));
        }
        if let Some(journal) = &state.journal {
            say(format_args!(
                "hint: --resume goes on from there, by the journal \"{}\"",
                journal.display()
            ));
        }
    }
}
