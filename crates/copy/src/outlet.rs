//! Where the units' output comes together in order: compressing threads put it in, the writing thread takes it out.
//!
//! What belongs to the unit at the head goes straight through. The others wait here, compressed, under one budget; when it is used up, the
//! threads that compress them wait, then the queues before them fill, and TCP holds the server back. The head may always go on, and
//! every unit comes to the head, so that nothing waits for ever. There is one exception: a unit that a worker gave up is an orphan until the
//! leader has read it, and while an orphan is at the head, what the leader reads before it goes in without regard to the budget.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use pgdumprs_archive::{Compression, Piece, PieceJoin};
use tokio::sync::Notify;

use crate::{Error, Step};

/// Bytes that the head may have waiting when others have used up the budget.
const HEAD: usize = 4 << 20;

/// Bytes that the writing thread takes out at once. They count as waiting until it comes for more.
const BATCH: usize = 1 << 20;

/// What an item takes beside its payload.
const ITEM: usize = size_of::<Item>() + 16;

/// A piece of a unit's output.
#[derive(Debug)]
pub(crate) enum Item {
    /// A step that is complete.
    Step(Step),
    /// The stream to come is made of pieces.
    JoinBegins,
    /// A piece of the stream has ended.
    PieceEnds(Piece),
    /// The stream made of pieces has ended.
    JoinEnds,
}

impl Item {
    /// Bytes that it takes in memory, about.
    fn size(&self) -> usize {
        ITEM + match self {
            Item::Step(Step::Chunk(payload)) => payload.capacity(),
            _ => 0,
        }
    }
}

/// Makes an outlet for `units` units and the end that gives its steps in order. What waits between them, compressed, takes at most
/// `budget` bytes, and a few MiB of the unit at the head.
pub(crate) fn outlet(units: usize, budget: usize, compression: Compression) -> (Outlet, Steps) {
    let shared = Arc::new(Shared {
        budget,
        units,
        state: Mutex::new(State::default()),
        to_write: Condvar::new(),
        to_compress: Condvar::new(),
        gone: Notify::new(),
    });
    let steps = Steps {
        shared: Arc::clone(&shared),
        batch: VecDeque::new(),
        batch_bytes: 0,
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
}

#[derive(Default)]
struct Slot {
    items: VecDeque<Item>,
    bytes: usize,
    complete: bool,
}

impl Shared {
    /// The state. A thread that panicked in here left nothing half done: no step below can panic.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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
        let mut state = self.shared.lock();
        loop {
            if state.closed {
                return Err(Error::WriterStopped);
            }
            let first = state.head == unit && state.slot(unit).bytes + size <= HEAD;
            let leader_must_pass = self.leads && state.orphans.contains(&state.head);
            if first || leader_must_pass || state.waiting + size <= self.shared.budget {
                break;
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

    /// Notes that all of a unit has been put in.
    pub(crate) fn complete(&self, unit: usize) {
        let mut state = self.shared.lock();
        state.orphans.remove(&unit);
        state.slot(unit).complete = true;
        if state.head == unit {
            self.shared.to_write.notify_one();
        }
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
            };
            if step.is_some() {
                return step;
            }
        }
    }
}

impl Steps {
    fn next_item(&mut self) -> Option<Item> {
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
            while self.batch_bytes < BATCH {
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
