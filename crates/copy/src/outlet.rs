//! Where the units' output comes together in order: compressing threads put it in, the writing thread takes it out.
//!
//! What belongs to the unit at the head goes straight through. The others wait here, compressed, under one budget; when it is used up, the
//! threads that compress them wait, then the queues before them fill, and TCP holds the server back. The head may always go on, and
//! every unit comes to the head, so that nothing waits for ever. There is one exception: a unit that a worker gave up is an orphan until the
//! leader has read it, and while an orphan is at the head, what the leader reads before it goes in without regard to the budget.
//!
//! Where the order is not that in which units are read, the one at the head may come last of all. An outlet for those puts aside, in a temporary file,
//! what there is no room for, and nobody waits for the head. A unit that a follower reads is written only when it is complete: where its connection is
//! lost, what is there of it is discarded, and it is read again.

mod item;
mod spill;

use std::collections::{BTreeSet, VecDeque};
use std::fs::File;
use std::ops::Range;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use pgdumprs_archive::{Compression, PieceJoin};
use tokio::sync::Notify;

pub(crate) use self::item::Item;
use self::spill::{Spill, Spilling, Unspilling};
use crate::{Error, Step};

/// Bytes that the head may have waiting when others have used up the budget.
const HEAD: usize = 4 << 20;

/// Bytes that the writing thread takes out at once. They count as waiting until it comes for more.
const BATCH: usize = 1 << 20;

/// Makes an outlet for `units` units and the end that gives its steps in order. What waits between them, compressed, takes at most
/// `budget` bytes, and a few MiB of the unit at the head. What there is no room for goes into the `aside` file, where there is one, which is empty
/// and open for reading and writing.
pub(crate) fn outlet(
    units: usize,
    budget: usize,
    compression: Compression,
    aside: Option<File>,
) -> (Outlet, Steps) {
    let shared = Arc::new(Shared {
        budget,
        units,
        spill: aside.map(Spill::new),
        state: Mutex::new(State::default()),
        to_write: Condvar::new(),
        to_compress: Condvar::new(),
        gone: Notify::new(),
    });
    let steps = Steps {
        shared: Arc::clone(&shared),
        batch: VecDeque::new(),
        batch_bytes: 0,
        spilled: None,
        compression,
        join: PieceJoin::new(compression),
    };
    let outlet = Outlet {
        shared,
        leads: false,
    };
    (outlet, steps)
}

struct Shared {
    budget: usize,
    units: usize,
    spill: Option<Spill>,
    state: Mutex<State>,
    to_write: Condvar,
    to_compress: Condvar,
    /// Tells the async side that it is closed.
    gone: Notify,
}

#[derive(Default)]
struct State {
    /// The unit that is being written.
    head: usize,
    /// The output of the units from the head on.
    slots: VecDeque<Slot>,
    /// Bytes in all slots, and those that the writing thread has in hand.
    waiting: usize,
    /// The most that `waiting` has been.
    peak: usize,
    /// Units that a worker gave up and that are not complete yet: the leader's to read.
    orphans: BTreeSet<usize>,
    /// Threads that wait for room.
    sleepers: usize,
    /// Nothing more is to be put in or taken out.
    closed: bool,
    /// What kept units from being put in or taken out.
    failure: Option<Error>,
}

#[derive(Default)]
struct Slot {
    items: VecDeque<Item>,
    /// Bytes of those in memory.
    bytes: usize,
    /// What comes behind them is put aside.
    spilling: Option<Spilling>,
    /// Somebody reads it, or has read it.
    is_claimed: bool,
    /// Nothing is taken out before it is complete.
    is_withheld: bool,
    complete: bool,
}

impl Shared {
    /// The state. A thread that panicked in here left nothing half done: no step below can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes for a reason; the first one counts.
    fn fail(&self, error: Error) {
        self.lock().failure.get_or_insert(error);
        self.close();
    }

    fn close(&self) {
        self.lock().closed = true;
        self.gone.notify_one();
        self.to_write.notify_all();
        self.to_compress.notify_all();
    }
}

impl State {
    fn slot(&mut self, unit: usize) -> &mut Slot {
        let index = unit - self.head;
        if self.slots.len() <= index {
            self.slots.resize_with(index + 1, Slot::default);
        }
        &mut self.slots[index]
    }
}

/// The end that units are put in at.
#[derive(Clone)]
pub(crate) struct Outlet {
    shared: Arc<Shared>,
    leads: bool,
}

impl Outlet {
    /// The leader's way in.
    pub(crate) fn leading(&self) -> Self {
        Self {
            leads: true,
            ..self.clone()
        }
    }

    /// Notes units that the leader has to complete. While one of them is at the head, the leader may put in more than there is room for:
    /// what it is at comes before that unit, which would otherwise wait for ever.
    pub(crate) fn orphan(&self, units: impl IntoIterator<Item = usize>) {
        self.shared.lock().orphans.extend(units);
        self.shared.to_compress.notify_all();
    }

    /// Puts in what comes next of a unit, when there is room for it. Blocks the thread until then.
    ///
    /// # Errors
    ///
    /// [`Error::WriterStopped`] where nobody takes anything out any more.
    pub(crate) fn put(&self, unit: usize, item: Item) -> Result<(), Error> {
        let size = item.size();
        let withheld = self.shared.spill.is_some() && !self.leads;
        let mut state = self.shared.lock();
        loop {
            if state.closed {
                return Err(Error::WriterStopped);
            }
            let slot = state.slot(unit);
            slot.is_withheld = withheld;
            if let Some(spilling) = slot.spilling.take() {
                drop(state);
                return self.put_aside(unit, spilling, &item);
            }
            let first = state.head == unit && !withheld && state.slot(unit).bytes + size <= HEAD;
            let leader_must_pass = self.leads && state.orphans.contains(&state.head);
            if first || leader_must_pass || state.waiting + size <= self.shared.budget {
                break;
            }
            // Whoever is written at this moment waits for the disk.
            let is_written = state.head == unit && !withheld;
            if let Some(spill) = self.shared.spill.as_ref().filter(|_| !is_written) {
                drop(state);
                return self.put_aside(unit, spill.begin(), &item);
            }
            state.sleepers += 1;
            state = self
                .shared
                .to_compress
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            state.sleepers -= 1;
        }
        state.waiting += size;
        state.peak = state.peak.max(state.waiting);
        let slot = state.slot(unit);
        slot.bytes += size;
        slot.items.push_back(item);
        if state.head == unit {
            self.shared.to_write.notify_one();
        }
        Ok(())
    }

    /// Puts aside what comes next of a unit.
    fn put_aside(&self, unit: usize, mut spilling: Spilling, item: &Item) -> Result<(), Error> {
        spilling.put(item).map_err(Error::Aside)?;
        self.shared.lock().slot(unit).spilling = Some(spilling);
        Ok(())
    }

    /// Notes that all of a unit has been put in.
    ///
    /// # Errors
    ///
    /// [`Error::Aside`] where not all of it could be put aside.
    pub(crate) fn complete(&self, unit: usize) -> Result<(), Error> {
        let mut state = self.shared.lock();
        if let Some(spilling) = state.slot(unit).spilling.take() {
            drop(state);
            let item = Item::Spilled(spilling.end().map_err(Error::Aside)?);
            state = self.shared.lock();
            state.waiting += item.size();
            let slot = state.slot(unit);
            slot.bytes += item.size();
            slot.items.push_back(item);
        }
        state.orphans.remove(&unit);
        state.slot(unit).complete = true;
        if state.head == unit {
            self.shared.to_write.notify_one();
        }
        Ok(())
    }

    /// Takes a unit to be read, unless somebody else reads it or has read it, or nobody writes any more.
    pub(crate) fn claim(&self, unit: usize) -> bool {
        let mut state = self.shared.lock();
        if state.closed || unit < state.head {
            return false;
        }
        !std::mem::replace(&mut state.slot(unit).is_claimed, true)
    }

    /// The first units in a row that nobody has read or reads; empty where there are none, or nobody writes any more.
    pub(crate) fn unclaimed(&self) -> Range<usize> {
        let mut state = self.shared.lock();
        let (head, units) = (state.head, self.shared.units);
        if state.closed {
            return 0..0;
        }
        let mut is_claimed = |unit: &usize| state.slot(*unit).is_claimed;
        let start = (head..units).find(|unit| !is_claimed(unit));
        let start = start.unwrap_or(units);
        let end = (start..units).find(is_claimed);
        start..end.unwrap_or(units)
    }

    /// Gives up what is there of a unit that could not be read to its end: somebody may claim it anew.
    pub(crate) fn discard(&self, unit: usize) {
        let mut state = self.shared.lock();
        let lost = std::mem::take(state.slot(unit));
        state.waiting -= lost.bytes;
        if state.sleepers > 0 {
            self.shared.to_compress.notify_all();
        }
    }

    /// Lets everybody stop, for this reason.
    pub(crate) fn fail(&self, error: Error) {
        self.shared.fail(error);
    }

    /// Why everybody was to stop.
    pub(crate) fn take_failure(&self) -> Option<Error> {
        self.shared.lock().failure.take()
    }

    /// Whether nobody has anything more to put in.
    pub(crate) fn has_all(&self) -> bool {
        let mut state = self.shared.lock();
        let units = state.head..self.shared.units;
        units.into_iter().all(|unit| state.slot(unit).complete)
    }

    /// Whether all was taken out.
    pub(crate) fn is_over(&self) -> bool {
        self.shared.lock().head == self.shared.units
    }

    /// Waits until nobody takes anything out any more, although there is more to come.
    pub(crate) async fn gone(&self) {
        self.shared.gone.notified().await;
        if self.shared.lock().head == self.shared.units {
            std::future::pending::<()>().await;
        }
    }

    /// Lets everybody stop who puts in or takes out.
    pub(crate) fn close(&self) {
        self.shared.close();
    }

    /// Whether nobody takes anything out any more.
    pub(crate) fn is_closed(&self) -> bool {
        self.shared.lock().closed
    }

    /// The most bytes that have waited at once.
    #[cfg(test)]
    pub(crate) fn peak(&self) -> usize {
        self.shared.lock().peak
    }
}

/// The steps of all units in order, as they become ready.
///
/// Whoever drops it stops the copy.
pub struct Steps {
    shared: Arc<Shared>,
    /// Items taken out together.
    batch: VecDeque<Item>,
    batch_bytes: usize,
    /// What comes next and was put aside.
    spilled: Option<Unspilling>,
    compression: Compression,
    /// The stream of pieces that is open.
    join: PieceJoin,
}

impl Iterator for Steps {
    type Item = Step;

    /// The next step. Blocks the thread until it is ready; `None` means that all is done or that the copy failed, which only
    /// [`run`](crate::run())'s result tells apart.
    fn next(&mut self) -> Option<Step> {
        loop {
            let step = match self.next_item()? {
                Item::Step(step) => Some(step),
                Item::JoinBegins => {
                    self.join = PieceJoin::new(self.compression);
                    self.join.head().map(Step::Chunk)
                }
                Item::PieceEnds(piece) => {
                    self.join.add(&piece);
                    None
                }
                Item::JoinEnds => self.join.tail().map(Step::Chunk),
                Item::Spilled(spilled) => {
                    self.spilled = Some(spilled.read());
                    None
                }
            };
            if step.is_some() {
                return step;
            }
        }
    }
}

impl Steps {
    fn next_item(&mut self) -> Option<Item> {
        match self.spilled.as_mut().map(Unspilling::next) {
            Some(Ok(Some(item))) => return Some(item),
            Some(Ok(None)) => self.spilled = None,
            Some(Err(error)) => {
                self.shared.fail(Error::Aside(error));
                return None;
            }
            None => {}
        }
        if let Some(item) = self.batch.pop_front() {
            return Some(item);
        }
        let shared = Arc::clone(&self.shared);
        let mut state = shared.lock();
        let freed = std::mem::take(&mut self.batch_bytes);
        state.waiting -= freed;
        let mut wakes = freed > 0;
        loop {
            while state.head < shared.units {
                let head = state.head;
                let slot = state.slot(head);
                if !slot.items.is_empty() || !slot.complete {
                    break;
                }
                state.slots.pop_front();
                state.head += 1;
                wakes = true;
            }
            if state.closed || state.head == shared.units {
                return None;
            }
            if std::mem::take(&mut wakes) && state.sleepers > 0 {
                shared.to_compress.notify_all();
            }
            let head = state.head;
            let slot = state.slot(head);
            let is_withheld = slot.is_withheld && !slot.complete;
            while !is_withheld && self.batch_bytes < BATCH {
                let Some(item) = slot.items.pop_front() else {
                    break;
                };
                self.batch_bytes += item.size();
                self.batch.push_back(item);
            }
            slot.bytes -= self.batch_bytes;
            if let Some(item) = self.batch.pop_front() {
                return Some(item);
            }
            state = shared
                .to_write
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        self.shared.close();
    }
}

#[cfg(test)]
mod tests;
