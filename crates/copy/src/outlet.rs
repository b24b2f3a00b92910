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
    /// [`run`](crate::run)'s result tells apart.
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
            while self.batch_bytes < BATCH
                && let Some(item) = slot.items.pop_front()
            {
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
mod tests {
    use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
    use std::thread;
    use std::time::{Duration, Instant};

    use super::*;

    fn chunk(unit: usize, bytes: usize) -> Item {
        Item::Step(Step::Chunk(vec![u8::try_from(unit % 256).unwrap(); bytes]))
    }

    fn units(steps: Steps) -> Vec<usize> {
        steps
            .map(|step| match step {
                Step::Chunk(payload) => usize::from(payload[0]),
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn units_come_out_in_order_whoever_is_first() {
        let (outlet, steps) = outlet(3, 1 << 20, Compression::None);
        for unit in [2, 0, 1] {
            outlet.put(unit, chunk(unit, 10)).unwrap();
            outlet.put(unit, chunk(unit, 10)).unwrap();
            outlet.complete(unit);
        }
        assert_eq!(units(steps), [0, 0, 1, 1, 2, 2]);
    }

    #[test]
    fn no_units_are_over_at_once() {
        let (_outlet, mut steps) = outlet(0, 0, Compression::None);
        assert_eq!(steps.next(), None);
    }

    #[test]
    fn the_head_goes_on_when_the_budget_is_used_up() {
        let (outlet, steps) = outlet(2, 100_000, Compression::None);
        outlet.put(1, chunk(1, 99_000)).unwrap();
        let late = outlet.clone();
        let late = thread::spawn(move || {
            // Waits until unit 0 is out of the way.
            late.put(1, chunk(1, 50_000)).unwrap();
            late.complete(1);
        });
        for _ in 0..10 {
            outlet.put(0, chunk(0, 50_000)).unwrap();
        }
        assert!(!late.is_finished());
        outlet.complete(0);
        assert_eq!(units(steps), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
        late.join().unwrap();
    }

    #[test]
    fn the_leader_goes_on_when_the_head_waits_for_it() {
        let (outlet, steps) = outlet(2, 1000, Compression::None);
        let leader = outlet.leading();
        let leader = thread::spawn(move || {
            leader.put(1, chunk(1, 5000)).unwrap();
            leader.put(1, chunk(1, 5000)).unwrap();
            leader.complete(1);
            leader.put(0, chunk(0, 5000)).unwrap();
            leader.complete(0);
        });
        thread::sleep(Duration::from_millis(20));
        assert!(!leader.is_finished());
        outlet.orphan([0]);
        leader.join().unwrap();
        assert_eq!(units(steps), [0, 1, 1]);
    }

    #[test]
    fn whoever_waits_is_told_when_it_is_over() {
        let (outlet, steps) = outlet(2, 1000, Compression::None);
        let waiting = outlet.clone();
        let waiting = thread::spawn(move || waiting.put(1, chunk(1, 5000)));
        let writing = thread::spawn(move || units(steps));
        thread::sleep(Duration::from_millis(20));
        outlet.close();
        assert!(matches!(waiting.join().unwrap(), Err(Error::WriterStopped)));
        assert!(writing.join().unwrap().is_empty());
        assert!(matches!(
            outlet.put(0, chunk(0, 1)),
            Err(Error::WriterStopped)
        ));
    }

    #[test]
    fn dropped_steps_stop_those_who_put_in() {
        let (outlet, steps) = outlet(1, 1000, Compression::None);
        drop(steps);
        assert!(matches!(
            outlet.put(0, chunk(0, 1)),
            Err(Error::WriterStopped)
        ));
    }

    /// Many workers, with sleep in place of servers and compression: docs/scaling.md speaks of it. Every worker's busy time is
    /// counted; a writer that is fast enough must leave them nothing to wait for, and memory must stay within the budget.
    #[test]
    fn sixty_four_workers_are_kept_busy_within_the_budget() {
        const WORKERS: usize = 64;
        const UNITS: usize = 640;
        const CHUNKS: usize = 8;
        const CHUNK: usize = 64 << 10;
        const BUDGET: usize = 64 << 20;
        let (outlet, steps) = outlet(UNITS, BUDGET, Compression::None);
        let next = AtomicUsize::new(0);
        let busy = AtomicU64::new(0);
        let started = Instant::now();
        let written = thread::scope(|scope| {
            for _ in 0..WORKERS {
                scope.spawn(|| {
                    loop {
                        let unit = next.fetch_add(1, Ordering::Relaxed);
                        if unit >= UNITS {
                            break;
                        }
                        // Some units take four times as long as others.
                        let pause =
                            Duration::from_millis(if unit.is_multiple_of(7) { 16 } else { 4 });
                        for _ in 0..CHUNKS {
                            let since = Instant::now();
                            thread::sleep(pause);
                            let busily = u64::try_from(since.elapsed().as_micros()).unwrap();
                            busy.fetch_add(busily, Ordering::Relaxed);
                            outlet.put(unit, chunk(unit, CHUNK)).unwrap();
                        }
                        outlet.complete(unit);
                    }
                });
            }
            units(steps)
        });
        let expected: Vec<_> = (0..UNITS).flat_map(|unit| [unit % 256; CHUNKS]).collect();
        assert_eq!(written, expected);
        let peak = outlet.peak();
        assert!(peak <= BUDGET + HEAD, "{peak} bytes were waiting");
        let share =
            busy.into_inner() as f64 / (WORKERS as f64 * started.elapsed().as_secs_f64() * 1e6);
        println!(
            "workers were busy {:.0}% of the time, {} KiB waited at most",
            share * 100.0,
            peak >> 10
        );
        // Not a figure of speed: workers that waited for one another would come to a few percent.
        assert!(
            share > 0.5,
            "workers were busy {:.0}% of the time",
            share * 100.0
        );
    }
}
