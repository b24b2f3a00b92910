//! The sums of what a server has, read over several connections in one snapshot.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::future::poll_fn;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use bstr::ByteSlice;
use pgdumprs_connect::Session;
use pgdumprs_copy::{
    Error, Format, Object, Objects, Opening, Pieces, Plan, Progress, Supply, Tap, Work,
};
use tokio::task::{JoinError, JoinSet};

use super::Wanted;
use super::sum::Sum;
use crate::Checksum;

/// Statements that a connection is asked for before the first of them has answered: of small tables, and of parts of large ones.
const AHEAD: usize = 32;
const PARTS_AHEAD: usize = 2;

/// Bytes on disk of what is asked for together.
const TOGETHER: u64 = 4 << 20;

/// A server whose data is summed up.
pub(crate) struct Side {
    /// In a transaction that shows what is to be summed up.
    pub(crate) leader: Session,
    /// Those who read in its snapshot.
    pub(crate) others: Vec<Opening>,
    /// What is read.
    pub(crate) plan: Plan,
    /// What the plan's statements give.
    pub(crate) gives: Gives,
    /// How many connections there may be in all.
    pub(crate) connections: usize,
}

/// What statements give.
pub(crate) enum Gives {
    /// Sums: each part a row.
    Sums,
    /// The data itself, of which this is wanted.
    Data(Wanted),
}

/// What a side came to.
pub(crate) struct Sums {
    /// Of each job that was read to its end.
    pub(crate) jobs: HashMap<i32, Checksum>,
    /// The first bytes of the hash of each large object.
    pub(crate) objects: BTreeMap<u32, u64>,
    /// The leader, or why it could not read.
    pub(crate) leader: Result<Session, Error>,
}

impl Sums {
    /// The sum of some jobs, where all of them were read.
    pub(crate) fn total(&self, jobs: Range<i32>) -> Option<Checksum> {
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
    /// Large objects are read as a whole.
    is_of_objects: bool,
}

/// What is to be read, and what has been.
#[derive(Default)]
struct State {
    open: VecDeque<Piece>,
    read: HashMap<i32, (Checksum, usize)>,
    objects: BTreeMap<u32, u64>,
}

type Shared = Arc<Mutex<State>>;

/// What was asked for.
enum Asked {
    Rows(Pieces),
    Objects(Objects),
}

/// What came of a piece.
struct Came {
    sum: Option<Checksum>,
    objects: BTreeMap<u32, u64>,
}

impl Side {
    /// Reads all sums. `said` hears what is told of the connections.
    pub(crate) async fn read(self, mut said: impl FnMut(Progress)) -> Sums {
        let jobs: Vec<(i32, bool)> = self
            .plan
            .jobs()
            .iter()
            .filter(|job| self.gives.are_wanted(job.dump_id))
            .map(|job| (job.dump_id, matches!(job.work, Work::LargeObjects { .. })))
            .collect();
        let (supply, mut supplying) = Supply::new(self.leader, self.others, self.plan);
        let mut wanted = HashMap::new();
        let mut open = Vec::new();
        for (job, is_of_objects) in jobs {
            let parts = if is_of_objects { 1 } else { supply.parts(job) };
            wanted.insert(job, parts);
            let bytes = supply.bytes(job) / parts as u64;
            open.extend((0..parts).map(|part| Piece {
                job,
                part,
                bytes,
                is_of_objects,
            }));
        }
        // The largest first, so that nobody is left with one at the end.
        open.sort_by_key(|piece| std::cmp::Reverse(piece.bytes));
        let state: Shared = Arc::new(Mutex::new(State {
            open: open.into(),
            ..State::default()
        }));
        let gives = Arc::new(self.gives);
        let mut readers = JoinSet::new();
        for _ in 0..self.connections {
            let (state, gives) = (Arc::clone(&state), Arc::clone(&gives));
            readers.spawn(read(supply.tap(), state, gives));
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
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        let read = state.read.iter();
        let whole = read.filter(|(job, (_, parts))| wanted.get(job) == Some(parts));
        Sums {
            jobs: whole.map(|(job, (sum, _))| (*job, *sum)).collect(),
            objects: std::mem::take(&mut state.objects),
            leader,
        }
    }
}

impl Gives {
    fn are_wanted(&self, job: i32) -> bool {
        match self {
            Gives::Sums => true,
            Gives::Data(wanted) => wanted.contains_key(&job),
        }
    }
}

/// Takes what is to be read until nothing is left. What a follower was lost with is taken again.
async fn read(tap: Tap, state: Shared, gives: Arc<Gives>) {
    let mut asked: VecDeque<(Piece, Asked)> = VecDeque::new();
    loop {
        while let Some(piece) = take(&state, &asked) {
            let from = match piece.is_of_objects {
                true => Asked::Objects(tap.large_objects(piece.job)),
                false => Asked::Rows(tap.part(piece.job, piece.part, Format::Text)),
            };
            asked.push_back((piece, from));
        }
        let Some((piece, from)) = asked.pop_front() else {
            return;
        };
        let came = match from {
            Asked::Rows(rows) => rows_of(rows, piece.job, &gives).await,
            Asked::Objects(objects) => objects_of(objects).await,
        };
        let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
        match came {
            Ok(Came { sum, objects }) => {
                state.objects.extend(objects);
                if let Some(sum) = sum {
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

/// Reads a part of a table, or the sum of it.
async fn rows_of(mut rows: Pieces, job: i32, gives: &Gives) -> Result<Came, Arc<Error>> {
    let mut answer = Vec::new();
    let mut lines = match gives {
        Gives::Sums => None,
        Gives::Data(wanted) => Some(Sum::of_fields(wanted.get(&job).cloned().flatten())),
    };
    while let Some(bytes) = poll_fn(|context| rows.poll_next(context)).await {
        let bytes = bytes?;
        match &mut lines {
            Some(lines) => lines.lines(&bytes),
            None => answer.extend_from_slice(&bytes),
        }
    }
    Ok(Came {
        sum: match lines {
            Some(lines) => Some(lines.total()),
            None => parse(&answer),
        },
        objects: BTreeMap::new(),
    })
}

/// Reads large objects.
async fn objects_of(mut objects: Objects) -> Result<Came, Arc<Error>> {
    let mut sum = Sum::default();
    let mut found = BTreeMap::new();
    let mut current = 0;
    while let Some(object) = poll_fn(|context| objects.poll_next(context)).await {
        match object? {
            Object::Begin(oid) => current = oid,
            Object::Content(bytes) => sum.bytes(&bytes),
            Object::End => {
                found.insert(current, sum.end_item());
            }
        }
    }
    Ok(Came {
        sum: Some(sum.total()),
        objects: found,
    })
}

/// Takes the next piece, unless enough is under way.
fn take(state: &Shared, asked: &VecDeque<(Piece, Asked)>) -> Option<Piece> {
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
