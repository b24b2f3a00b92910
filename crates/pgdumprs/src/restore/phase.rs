//! How long the parts of a restore took.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use pgdumprs_archive::{Entry, Section};
use pgdumprs_script::Pass;

/// A part of a restore. Parts may overlap: indexes of a table are made as soon as its rows are in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RestorePhase {
    /// The first connection is opened.
    Connect,
    /// The server is asked what is in the way.
    Plan,
    /// What is there is dropped.
    Drop,
    /// What comes before the data: schemas, types, tables, functions, views.
    PreData,
    /// Rows, large objects, positions of sequences.
    Data,
    /// What comes after the data: indexes, constraints, triggers.
    PostData,
    /// What is done when all else is: the last commits, and the wait until all is on the server's disk.
    Finish,
}

/// Measures the parts of a restore.
#[derive(Debug)]
pub(super) struct Clock {
    /// When each part began and ended, from the clock's beginning.
    spans: BTreeMap<RestorePhase, (Instant, Instant)>,
    /// When something was last heard of an entry.
    last: Instant,
}

impl Clock {
    pub(super) fn new() -> Self {
        Clock {
            spans: BTreeMap::new(),
            last: Instant::now(),
        }
    }

    /// A part that began at `since` has ended.
    pub(super) fn ended(&mut self, phase: RestorePhase, since: Instant) {
        self.last = Instant::now();
        self.spans.insert(phase, (since, self.last));
    }

    /// An entry has begun or ended. Comments, privileges and their like go with whatever is under way.
    pub(super) fn heard(&mut self, pass: Pass, entry: &Entry) {
        self.last = Instant::now();
        let phase = match (pass, entry.section) {
            (Pass::Drop, _) => RestorePhase::Drop,
            (_, Section::PreData) => RestorePhase::PreData,
            (_, Section::Data) => RestorePhase::Data,
            (_, Section::PostData) => RestorePhase::PostData,
            (_, Section::None) => return,
        };
        let span = self.spans.entry(phase).or_insert((self.last, self.last));
        span.1 = self.last;
    }

    /// The restore has ended: how long each part took.
    pub(super) fn durations(mut self) -> Vec<(RestorePhase, Duration)> {
        let last = self.last;
        self.ended(RestorePhase::Finish, last);
        let spans = self.spans.into_iter();
        spans
            .map(|(phase, (began, ended))| (phase, ended - began))
            .collect()
    }
}
