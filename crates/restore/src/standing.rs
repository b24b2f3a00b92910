//! How each step stands: what must be done again when a connection is lost, and what must not.

use std::collections::{HashMap, HashSet};

/// What became of the rows of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rows {
    /// None is in: the server has not been told that they are complete, or has refused them.
    Out,
    /// They may be in, all or some.
    Unknown,
    /// So many are in.
    In(u64),
}

/// How often a step is tried again for what another session did.
pub(crate) const MOST_TRIES: u32 = 5;

/// How the steps of a restore stand.
///
/// A step that was begun is in the server's memory when the server has answered, and on its disk when the server has flushed its log
/// after that. Only then it is settled. All others are begun again over the next connection.
#[derive(Debug, Default)]
pub(crate) struct Standing {
    /// What was committed need not be on disk.
    pub(crate) is_lazy: bool,
    /// An earlier run may have begun any of them.
    is_resumed: bool,
    /// Steps whose rows an earlier run may have brought into tables that had others.
    begun_earlier: HashSet<usize>,
    /// Steps of which something has failed.
    failed: HashSet<usize>,
    begun: HashSet<usize>,
    /// Steps that were begun before, and of which it is not known whether they were done.
    doubted: HashSet<usize>,
    /// Steps that have ended and may not be on disk, in the order in which they ended.
    heard: Vec<usize>,
    /// How many steps were taken out of `heard` already.
    taken: usize,
    settled: HashSet<usize>,
    rows: HashMap<usize, Rows>,
    /// Steps that are to be tried again, since another session was in their way.
    postponed: HashSet<usize>,
    tries: HashMap<usize, u32>,
}

impl Standing {
    pub(crate) fn begin(&mut self, step: usize) {
        if !self.begun.insert(step) || self.is_resumed {
            self.doubted.insert(step);
        }
    }

    /// Whether a step may have been done before.
    pub(crate) fn is_doubted(&self, step: usize) -> bool {
        self.doubted.contains(&step)
    }

    /// Whether a step has been begun.
    pub(crate) fn is_begun(&self, step: usize) -> bool {
        self.begun.contains(&step)
    }

    /// The server has answered all that a step has said; `false` where it is to be tried again. With it come those that are settled by that.
    pub(crate) fn end(&mut self, step: usize) -> bool {
        if self.postponed.remove(&step) {
            return false;
        }
        match self.is_lazy {
            true => self.heard.push(step),
            false => {
                self.settled.insert(step);
            }
        }
        true
    }

    /// Steps that have ended and may not be on disk.
    pub(crate) fn unflushed(&self) -> usize {
        self.heard.len()
    }

    /// Whether rows are among them.
    pub(crate) fn has_unflushed_rows(&self) -> bool {
        self.heard.iter().any(|step| self.rows.contains_key(step))
    }

    /// What a flush that is asked for now will bring to disk: everything that has ended by now.
    pub(crate) fn mark(&self) -> usize {
        self.taken + self.heard.len()
    }

    /// Everything up to a mark is on disk; returns the steps that are settled by that.
    pub(crate) fn flushed(&mut self, mark: usize) -> Vec<usize> {
        let count = mark.saturating_sub(self.taken).min(self.heard.len());
        self.taken += count;
        let settled: Vec<usize> = self.heard.drain(..count).collect();
        self.settled.extend(&settled);
        settled
    }

    /// The connections are gone, and what has ended without being on disk is begun again.
    pub(crate) fn forget_unflushed(&mut self) {
        self.taken += self.heard.len();
        self.heard.clear();
        self.postponed.clear();
    }

    /// Goes on with what an earlier run has done: these steps, and those of whose rows it is not known.
    pub(crate) fn resume(&mut self, done: &[usize], begun: HashSet<usize>) {
        self.is_resumed = true;
        self.begun_earlier = begun;
        self.begun.extend(done);
        self.settled.extend(done);
    }

    /// Something of a step has failed.
    pub(crate) fn fail(&mut self, step: usize) {
        self.failed.insert(step);
    }

    /// Whether nothing of a step has failed.
    pub(crate) fn is_good(&self, step: usize) -> bool {
        !self.failed.contains(&step)
    }

    pub(crate) fn is_settled(&self, step: usize) -> bool {
        self.settled.contains(&step)
    }

    pub(crate) fn settled(&self) -> usize {
        self.settled.len()
    }

    pub(crate) fn set_rows(&mut self, step: usize, rows: Rows) {
        self.rows.insert(step, rows);
    }

    /// What became of a step's rows. `is_own` says that the table has no other rows.
    pub(crate) fn rows(&self, step: usize, is_own: bool) -> Rows {
        let may_be_in = self.is_resumed && (is_own || self.begun_earlier.contains(&step));
        let unheard = match may_be_in {
            true => Rows::Unknown,
            false => Rows::Out,
        };
        self.rows.get(&step).copied().unwrap_or(unheard)
    }

    /// Whether rows were begun that are not in, or may not be.
    pub(crate) fn has_open_rows(&self) -> bool {
        let mut open = self.rows.iter();
        open.any(|(step, rows)| !matches!(rows, Rows::In(_)) && !self.settled.contains(step))
    }

    /// Whether this run has begun to read a step's rows.
    pub(crate) fn is_read(&self, step: usize) -> bool {
        self.rows.contains_key(&step)
    }

    /// Puts a step off, if it may be tried once more.
    pub(crate) fn postpone(&mut self, step: usize) -> bool {
        if self.postponed.contains(&step) {
            return true;
        }
        let tries = self.tries.entry(step).or_default();
        *tries += 1;
        let is_worth_it = *tries < MOST_TRIES;
        if is_worth_it {
            self.postponed.insert(step);
        }
        is_worth_it
    }

    pub(crate) fn is_postponed(&self, step: usize) -> bool {
        self.postponed.contains(&step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_on_disk_is_begun_again() {
        let mut standing = Standing {
            is_lazy: true,
            ..Standing::default()
        };
        for step in 0..4 {
            standing.begin(step);
            assert!(standing.end(step));
            if step == 1 {
                assert_eq!(standing.mark(), 2);
            }
        }
        assert_eq!(standing.flushed(2), [0, 1]);
        standing.forget_unflushed();
        // A flush that was asked for over a connection that is lost says nothing any more.
        assert!(standing.flushed(4).is_empty());
        standing.begin(2);
        assert!(standing.end(2));
        let mark = standing.mark();
        assert_eq!(standing.flushed(mark), [2]);
        assert!(standing.is_settled(1) && standing.is_settled(2) && !standing.is_settled(3));
        assert!(standing.is_doubted(2) && !standing.is_doubted(1));
    }

    #[test]
    fn a_step_is_put_off_a_few_times_only() {
        let mut standing = Standing::default();
        let mut count = 0;
        standing.begin(7);
        while standing.postpone(7) {
            assert!(!standing.end(7));
            count += 1;
        }
        assert_eq!(count, MOST_TRIES - 1);
        assert!(standing.end(7) && standing.is_settled(7));
    }
}
