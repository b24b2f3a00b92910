//! The sums of one side, read over several connections in one snapshot.

use std::collections::{HashMap, VecDeque};
use std::future::poll_fn;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bstr::ByteSlice;
use pgdumprs_connect::Session;
use pgdumprs_copy::{Error, Format, Opening, Pieces, Plan, Progress, Supply, Tap};
use tokio::task::{JoinError, JoinSet};

use super::Checksum;

/// Statements that a connection is asked for before the first of them has answered: of small tables, and of parts of large ones.
const AHEAD: usize = 32;
const PARTS_AHEAD: usize = 2;

/// Bytes on disk of what is asked for together.
const TOGETHER: u64 = 4 << 20;

/// One of the two servers.
pub(super) struct Side {
    /// In a transaction that shows what is to be summed up.
    pub(super) leader: Session,
    /// Those who read in its snapshot.
    pub(super) others: Vec<Opening>,
    /// What gives the sums: each part a row.
    pub(super) plan: Plan,
    /// How many connections there may be in all.
    pub(super) connections: usize,
}

/// What a side came to.
pub(super) struct Sums {
    /// Of each job that was read to its end.
    jobs: HashMap<i32, Checksum>,
    /// The leader, or why it could not read.
    pub(super) leader: Result<Session, Error>,
}

impl Sums {
    /// The sum of some jobs, where all of them were read.
    pub(super) fn total(&self, jobs: Range<i32>) -> Option<Checksum> {
        let mut total = Checksum::default();
        for job in jobs {
            let sum = self.jobs.get(&job)?;
            total.count += sum.count;
            total.sum = total.sum.wrapping_add(sum.sum);
        }
        Some(total)
    }
}

/// A part of a job.
#[derive(Clone, Copy)]
struct Piece {
    job: i32,
    part: usize,
    bytes: u64,
}

/// What is to be read, and what has been.
#[derive(Default)]
struct State {
    open: VecDeque<Piece>,
    read: HashMap<i32, (Checksum, usize)>,
}

type Shared = Arc<Mutex<State>>;

impl Side {
    /// Reads all sums. `said` hears what is told of the connections.
    pub(super) async fn read(self, mut said: impl FnMut(Progress)) -> Sums {
        let jobs: Vec<i32> = self.plan.jobs().iter().map(|job| job.dump_id).collect();
        let (supply, mut supplying) = Supply::new(self.leader, self.others, self.plan);
        let mut wanted = HashMap::new();
        let mut open = Vec::new();
        for job in jobs {
            let parts = supply.parts(job);
            wanted.insert(job, parts);
            let bytes = supply.bytes(job) / parts as u64;
            open.extend((0..parts).map(|part| Piece { job, part, bytes }));
        }
        // The largest first, so that nobody is left with one at the end.
        open.sort_by_key(|piece| std::cmp::Reverse(piece.bytes));
        let state: Shared = Arc::new(Mutex::new(State {
            open: open.into(),
            read: HashMap::new(),
        }));
        let mut readers = JoinSet::new();
        for _ in 0..self.connections {
            readers.spawn(read(supply.tap(), Arc::clone(&state)));
        }
        drop(supply);
        loop {
            tokio::select! {
                biased;
                Some(told) = supplying.told() => said(told),
                ended = readers.join_next() => match ended.map(|ended| ended.map_err(JoinError::try_into_panic)) {
                    Some(Ok(())) => {}
                    Some(Err(Ok(panic))) => std::panic::resume_unwind(panic),
                    // The runtime ends, and this future with it.
                    Some(Err(Err(_))) => std::future::pending().await,
                    None => break,
                },
            }
        }
        while let Some(told) = supplying.told().await {
            said(told);
        }
        let leader = supplying.end().await;
        let state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let read = state.read.iter();
        let whole = read.filter(|(job, (_, parts))| wanted.get(job) == Some(parts));
        Sums {
            jobs: whole.map(|(job, (sum, _))| (*job, *sum)).collect(),
            leader,
        }
    }
}

/// Takes what is to be read until nothing is left. What a follower was lost with is taken again.
async fn read(tap: Tap, state: Shared) {
    let mut asked: VecDeque<(Piece, Pieces)> = VecDeque::new();
    loop {
        while let Some(piece) = take(&state, &asked) {
            asked.push_back((piece, tap.part(piece.job, piece.part, Format::Text)));
        }
        let Some((piece, mut rows)) = asked.pop_front() else {
            return;
        };
        let mut text = Vec::new();
        let ended = loop {
            match poll_fn(|context| rows.poll_next(context)).await {
                Some(Ok(bytes)) => text.extend_from_slice(&bytes),
                Some(Err(error)) => break Err(error),
                None => break Ok(()),
            }
        };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match ended {
            Ok(()) => {
                if let Some(sum) = parse(&text) {
                    let (total, parts) = state.read.entry(piece.job).or_default();
                    total.count += sum.count;
                    total.sum = total.sum.wrapping_add(sum.sum);
                    *parts += 1;
                }
            }
            Err(error) if matches!(*error, Error::Follower(_)) => state.open.push_back(piece),
            // The leader's end says why.
            Err(_) => {}
        }
    }
}

/// Takes the next piece, unless enough is under way.
fn take(state: &Shared, asked: &VecDeque<(Piece, Pieces)>) -> Option<Piece> {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let under_way: u64 = asked.iter().map(|(piece, _)| piece.bytes).sum();
    let bytes = state.open.front()?.bytes;
    let has_room =
        asked.len() < PARTS_AHEAD || asked.len() < AHEAD && under_way + bytes <= TOGETHER;
    has_room.then(|| state.open.pop_front())?
}

/// A count and a sum, as COPY has them; of no rows there is no sum.
fn parse(text: &[u8]) -> Option<Checksum> {
    let (count, sum) = text.trim_ascii_end().split_once_str(b"\t")?;
    let sum = match sum {
        b"\\N" => 0,
        sum => sum.to_str().ok()?.parse().ok()?,
    };
    Some(Checksum {
        count: count.to_str().ok()?.parse().ok()?,
        sum,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_read() {
        let read = |text: &str| parse(text.as_bytes()).map(|sum| (sum.count, sum.sum));
        assert_eq!(read("0\t\\N\n"), Some((0, 0)));
        assert_eq!(
            read("2\t-18446744073709551614\n"),
            Some((2, -18446744073709551614))
        );
        assert_eq!(read("2\n"), None);
    }
}
