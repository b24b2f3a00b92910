//! What happens to a link at a byte that the test chooses.

use std::net::{Shutdown, TcpStream};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// A fault of the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The connection that is about to carry the byte ends, in both directions.
    Cut,
    /// All connections end, and those that are opened later end at once.
    CutAll,
    /// Nothing arrives any more, over whatever connection, and no end of one either.
    Silence,
}

/// Counts what a link delivers, and lets one fault happen to it.
#[derive(Debug, Default)]
pub(super) struct Faults {
    state: Mutex<State>,
    link_ends: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that have arrived, in either direction.
    delivered: u64,
    /// What happens to the link, and to which of its bytes.
    due: Option<(u64, Fault)>,
    /// What has happened to it.
    struck: Option<Fault>,
    ended: bool,
    /// Both ends of all connections.
    streams: Vec<TcpStream>,
}

/// What becomes of bytes that are to be delivered.
pub(super) struct Passage {
    /// How many of them arrive.
    pub(super) bytes: usize,
    /// Whether anything can arrive after them.
    pub(super) goes_on: bool,
}

impl Faults {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a fault happen when `after` bytes have been delivered, from the link's beginning on.
    pub(super) fn plan(&self, after: u64, fault: Fault) {
        self.lock().due = Some((after, fault));
    }

    pub(super) fn delivered(&self) -> u64 {
        self.lock().delivered
    }

    pub(super) fn has_struck(&self) -> bool {
        self.lock().struck.is_some()
    }

    /// Takes in the ends of a connection; `false` where none can be opened any more.
    pub(super) fn opened(&self, ends: [&TcpStream; 2]) -> bool {
        let mut state = self.lock();
        if state.struck == Some(Fault::CutAll) {
            return false;
        }
        // An end that cannot be had twice is no socket any more, and reading from it will tell.
        let ends = ends.into_iter().filter_map(|end| end.try_clone().ok());
        state.streams.extend(ends);
        true
    }

    /// Says what becomes of so many bytes. While the link is silent, it waits for the link's end.
    pub(super) fn pass(&self, bytes: usize) -> Passage {
        let mut state = self.lock();
        let due = state.due.filter(|_| state.struck.is_none());
        let length = u64::try_from(bytes).unwrap_or(u64::MAX);
        let passage = match due {
            Some((after, fault)) if after < state.delivered + length => {
                let rest = after.saturating_sub(state.delivered);
                state.struck = Some(fault);
                Passage {
                    // Less than `bytes`, which is a usize.
                    bytes: usize::try_from(rest).unwrap_or(0),
                    goes_on: false,
                }
            }
            _ => Passage {
                bytes: if state.struck == Some(Fault::Silence) {
                    0
                } else {
                    bytes
                },
                goes_on: true,
            },
        };
        state.delivered += u64::try_from(passage.bytes).unwrap_or(0);
        if state.struck == Some(Fault::Silence) {
            let ended = self.link_ends.wait_while(state, |state| !state.ended);
            drop(ended.unwrap_or_else(PoisonError::into_inner));
        }
        passage
    }

    /// A connection has ended, with the last of its bytes delivered; so do the others where the fault is everybody's.
    pub(super) fn cut(&self) {
        let state = self.lock();
        if state.struck == Some(Fault::CutAll) {
            state.end_all();
        }
    }

    /// The link is no more.
    pub(super) fn end(&self) {
        let mut state = self.lock();
        state.ended = true;
        if state.struck.is_some() {
            state.end_all();
        }
        self.link_ends.notify_all();
    }
}

impl State {
    fn end_all(&self) {
        for stream in &self.streams {
            // One that has ended already is what is wanted.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
