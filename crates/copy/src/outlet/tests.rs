//! Order, budget and ends of the outlet, and a simulation of many workers.

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
    let (outlet, steps) = outlet(3, 1 << 20, Compression::None, None);
    for unit in [2, 0, 1] {
        outlet.put(unit, chunk(unit, 10)).unwrap();
        outlet.put(unit, chunk(unit, 10)).unwrap();
        outlet.complete(unit).unwrap();
    }
    assert_eq!(units(steps), [0, 0, 1, 1, 2, 2]);
}

#[test]
fn no_units_are_over_at_once() {
    let (_outlet, mut steps) = outlet(0, 0, Compression::None, None);
    assert_eq!(steps.next(), None);
}

#[test]
fn the_head_goes_on_when_the_budget_is_used_up() {
    let (outlet, steps) = outlet(2, 100_000, Compression::None, None);
    outlet.put(1, chunk(1, 99_000)).unwrap();
    let late = outlet.clone();
    let late = thread::spawn(move || {
        // Waits until unit 0 is out of the way.
        late.put(1, chunk(1, 50_000)).unwrap();
        late.complete(1).unwrap();
    });
    for _ in 0..10 {
        outlet.put(0, chunk(0, 50_000)).unwrap();
    }
    assert!(!late.is_finished());
    outlet.complete(0).unwrap();
    assert_eq!(units(steps), [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1]);
    late.join().unwrap();
}

#[test]
fn the_leader_goes_on_when_the_head_waits_for_it() {
    let (outlet, steps) = outlet(2, 1000, Compression::None, None);
    let leader = outlet.leading();
    let leader = thread::spawn(move || {
        leader.put(1, chunk(1, 5000)).unwrap();
        leader.put(1, chunk(1, 5000)).unwrap();
        leader.complete(1).unwrap();
        leader.put(0, chunk(0, 5000)).unwrap();
        leader.complete(0).unwrap();
    });
    thread::sleep(Duration::from_millis(20));
    assert!(!leader.is_finished());
    outlet.orphan([0]);
    leader.join().unwrap();
    assert_eq!(units(steps), [0, 1, 1]);
}

#[test]
fn whoever_waits_is_told_when_it_is_over() {
    let (outlet, steps) = outlet(2, 1000, Compression::None, None);
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
    let (outlet, steps) = outlet(1, 1000, Compression::None, None);
    drop(steps);
    assert!(matches!(
        outlet.put(0, chunk(0, 1)),
        Err(Error::WriterStopped)
    ));
}

/// The unit at the head comes last, and nobody waits for it.
#[test]
fn what_there_is_no_room_for_is_put_aside() {
    let aside = tempfile::tempfile().unwrap();
    let (outlet, steps) = outlet(4, 100_000, Compression::None, Some(aside));
    let leader = outlet.leading();
    for unit in [3, 1, 2] {
        assert!(outlet.claim(unit) && !outlet.claim(unit));
        let inlet = if unit == 1 { &leader } else { &outlet };
        for _ in 0..40 {
            inlet.put(unit, chunk(unit, 20_000)).unwrap();
        }
        inlet.complete(unit).unwrap();
    }
    assert!(outlet.peak() <= 100_000 + HEAD);
    assert_eq!(outlet.unclaimed(), 0..1);
    assert!(!outlet.has_all());
    let writing = thread::spawn(move || units(steps));
    for _ in 0..400 {
        leader.put(0, chunk(0, 20_000)).unwrap();
    }
    leader.complete(0).unwrap();
    let expected: Vec<_> = [(0, 400), (1, 40), (2, 40), (3, 40)]
        .into_iter()
        .flat_map(|(unit, count)| std::iter::repeat_n(unit, count))
        .collect();
    assert_eq!(writing.join().unwrap(), expected);
    assert!(outlet.is_over() && outlet.take_failure().is_none());
}

#[test]
fn what_is_discarded_is_not_written_and_can_be_claimed_again() {
    for bytes in [10, 20_000] {
        let aside = tempfile::tempfile().unwrap();
        let (outlet, steps) = outlet(2, 10_000, Compression::None, Some(aside));
        let writing = thread::spawn(move || units(steps));
        assert!(outlet.claim(0));
        outlet.put(0, chunk(7, bytes)).unwrap();
        outlet.discard(0);
        assert_eq!(outlet.unclaimed(), 0..2);
        for unit in [0, 1] {
            assert!(outlet.claim(unit));
            outlet.put(unit, chunk(unit, bytes)).unwrap();
            outlet.complete(unit).unwrap();
        }
        assert_eq!(writing.join().unwrap(), [0, 1]);
        assert!(outlet.unclaimed().is_empty() && !outlet.claim(0));
    }
}

#[test]
fn a_file_that_takes_nothing_ends_it() {
    let aside = tempfile::NamedTempFile::new().unwrap();
    let aside = std::fs::File::open(aside.path()).unwrap();
    let (outlet, steps) = outlet(2, 0, Compression::None, Some(aside));
    let put = outlet.put(1, chunk(1, 100_000));
    let Err(error @ Error::Aside(_)) = put else {
        panic!("{put:?}")
    };
    outlet.fail(error);
    assert!(units(steps).is_empty());
    assert!(!outlet.is_over());
    assert!(matches!(outlet.take_failure(), Some(Error::Aside(_))));
}

/// Many workers, with sleep in place of servers and compression: docs/scaling.md speaks of it. Every worker's busy time is
/// counted; a writer that is fast enough must leave them nothing to wait for, and memory must stay within the budget. Gives the share of
/// the time in which workers were busy, when a unit's chunks take `pause` milliseconds each.
#[expect(clippy::print_stdout, reason = "a figure for whoever runs it by hand")]
fn simulate(what: &str, pause: impl Fn(usize) -> u64 + Sync) -> f64 {
    const WORKERS: usize = 64;
    const UNITS: usize = 640;
    const CHUNKS: usize = 8;
    const CHUNK: usize = 64 << 10;
    const BUDGET: usize = 64 << 20;
    let (outlet, steps) = outlet(UNITS, BUDGET, Compression::None, None);
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
                    let pause = Duration::from_millis(pause(unit));
                    for _ in 0..CHUNKS {
                        let since = Instant::now();
                        thread::sleep(pause);
                        let busily = u64::try_from(since.elapsed().as_micros()).unwrap();
                        busy.fetch_add(busily, Ordering::Relaxed);
                        outlet.put(unit, chunk(unit, CHUNK)).unwrap();
                    }
                    outlet.complete(unit).unwrap();
                }
            });
        }
        units(steps)
    });
    let expected: Vec<_> = (0..UNITS).flat_map(|unit| [unit % 256; CHUNKS]).collect();
    assert_eq!(written, expected);
    let peak = outlet.peak();
    assert!(peak <= BUDGET + HEAD, "{what}: {peak} bytes were waiting");
    let share = busy.into_inner() as f64 / (WORKERS as f64 * started.elapsed().as_secs_f64() * 1e6);
    println!(
        "{what}: workers were busy {:.0}% of the time, {} KiB waited at most",
        share * 100.0,
        peak >> 10
    );
    share
}

#[test]
fn sixty_four_workers_are_kept_busy_within_the_budget() {
    let equal = simulate("equal units", |_| 6);
    let unequal = simulate(
        "unequal units",
        |unit| {
            if unit.is_multiple_of(7) { 16 } else { 4 }
        },
    );
    // Not figures of speed: workers that waited for one another would come to a few percent.
    assert!(equal > 0.5 && unequal > 0.5, "{equal}, {unequal}");
}
