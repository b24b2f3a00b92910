//! Units that a worker had to give up, for the leader to read.
//!
//! The leader holds the locks of all tables; a worker that cannot get one of them can be done without, and what it had taken cannot.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::outlet::Outlet;

/// What is left of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rest {
    pub(crate) unit: usize,
    /// Position in the unit of the first part that has not been read.
    pub(crate) part: usize,
}

/// Where workers leave what they give up.
pub(crate) struct Rescue {
    state: Mutex<State>,
    changed: Notify,
    outlet: Outlet,
}

#[derive(Default)]
struct State {
    /// First part that is left, by unit.
    left: BTreeMap<usize, usize>,
    /// Workers that may still give something up.
    at_work: usize,
}

impl Rescue {
    pub(crate) fn new(outlet: Outlet) -> Self {
        Self {
            state: Mutex::default(),
            changed: Notify::new(),
            outlet,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A worker begins.
    pub(crate) fn join(&self) {
        self.lock().at_work += 1;
    }

    /// A worker ends, and leaves this behind.
    pub(crate) fn leave(&self, left: &[Rest]) {
        self.give(left, 1);
    }

    /// A worker that goes on gives this up.
    pub(crate) fn pass(&self, left: &[Rest]) {
        self.give(left, 0);
    }

    fn give(&self, left: &[Rest], ended: usize) {
        self.outlet.orphan(left.iter().map(|rest| rest.unit));
        let mut state = self.lock();
        state.at_work -= ended;
        state
            .left
            .extend(left.iter().map(|rest| (rest.unit, rest.part)));
        drop(state);
        // There is one leader, and a permit waits for it if it is busy.
        self.changed.notify_one();
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().left.is_empty()
    }

    /// Takes the first unit that is left.
    pub(crate) fn take(&self) -> Option<Rest> {
        let mut state = self.lock();
        let (unit, part) = state.left.pop_first()?;
        Some(Rest { unit, part })
    }

    /// Takes the first unit that is left, or waits until one is; `None` when no worker can leave one any more.
    pub(crate) async fn wait(&self) -> Option<Rest> {
        loop {
            // Before the look, so that what changes after it is noticed.
            let changed = self.changed.notified();
            if let Some(rest) = self.take() {
                return Some(rest);
            }
            if self.lock().at_work == 0 {
                return None;
            }
            changed.await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use pgdumprs_archive::Compression;

    use super::*;
    use crate::outlet::outlet;

    #[tokio::test]
    async fn what_is_left_is_taken_in_order_until_nobody_is_at_work() {
        let (outlet, _steps) = outlet(9, 0, Compression::None, None);
        let rescue = Arc::new(Rescue::new(outlet));
        assert_eq!(rescue.wait().await, None);
        rescue.join();
        rescue.join();
        let waiting = Arc::clone(&rescue);
        let waiting = tokio::spawn(async move {
            let mut taken = Vec::new();
            while let Some(rest) = waiting.wait().await {
                taken.push((rest.unit, rest.part));
            }
            taken
        });
        tokio::task::yield_now().await;
        rescue.leave(&[Rest { unit: 7, part: 0 }, Rest { unit: 3, part: 2 }]);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        rescue.leave(&[]);
        assert_eq!(waiting.await.unwrap(), [(3, 2), (7, 0)]);
    }
}
