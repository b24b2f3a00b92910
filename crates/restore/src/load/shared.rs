//! A table whose rows are loaded over several connections.
//!
//! Each has a transaction of its own, and none is committed before the rows are in over all of them: where one fails, the table stays
//! empty, as if it had been loaded over one connection.
//!
//! Whoever loads waits for all others with locks in hand, which no server knows of as a reason to wait. So nobody is waited for who has not got
//! all locks: another session may be in the queue for a lock between those who have it and those who want it, and would never get it.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, MutexGuard, PoisonError};

use pgdumprs_connect::ServerError;
use pgdumprs_copy::Format;
use tokio::sync::futures::Notified;
use tokio::sync::{Mutex, Notify, watch};

use crate::load::feed::Feed;
use crate::load::rows::{Rows, RowsError};

/// How far a table has come.
#[derive(Debug, Default)]
pub(crate) struct State {
    /// Connections that load it.
    pub(crate) joined: usize,
    /// Those of them whose rows are in, though not committed.
    pub(crate) ready: usize,
    /// Those that have committed or given up.
    pub(crate) left: usize,
    /// No more rows are to come.
    pub(crate) is_drained: bool,
    /// Rows that were taken out of the source.
    pub(crate) archived: u64,
    /// Bytes of those.
    pub(crate) bytes: u64,
    /// Rows that are committed.
    pub(crate) loaded: u64,
    /// Why the table cannot be loaded.
    pub(crate) failure: Option<ServerError>,
    /// Why its rows cannot be read.
    pub(crate) unreadable: Option<RowsError>,
}

impl State {
    /// Whether the table is given up.
    pub(crate) fn has_failed(&self) -> bool {
        self.failure.is_some() || self.unreadable.is_some()
    }

    /// Whether all rows are in.
    fn is_ready(&self) -> bool {
        self.is_drained && self.ready == self.joined
    }
}

/// A table that several connections load.
#[derive(Debug)]
pub(crate) struct SharedTable {
    /// Its data's entry.
    pub(crate) dump_id: i32,
    /// `COPY … FROM stdin;`
    pub(crate) statement: Vec<u8>,
    /// What takes the locks that rows need beyond those of the table: of the tables that it is a partition of.
    pub(crate) locks: Vec<u8>,
    rows: Division,
    state: watch::Sender<State>,
}

/// How the rows of a table are divided among those who load it.
#[derive(Debug)]
pub(crate) enum Division {
    /// They come over one feed, which each takes some from.
    Feed(Mutex<Feed<Rows>>),
    /// They are in parts, which each reads for itself.
    Parts {
        /// How many.
        count: usize,
        /// The first that nobody has taken.
        next: AtomicUsize,
        /// What their rows come in.
        format: Format,
    },
}

impl Division {
    /// Rows that come over one feed.
    pub(crate) fn feed(rows: Feed<Rows>) -> Self {
        Division::Feed(Mutex::new(rows))
    }

    /// Rows in so many parts, in a format.
    pub(crate) fn parts(count: usize, format: Format) -> Self {
        let next = AtomicUsize::new(0);
        Division::Parts {
            count,
            next,
            format,
        }
    }
}

/// The end of a feed of rows, held while a row goes on in the next piece.
pub(crate) type Held<'a> = tokio::sync::MutexGuard<'a, Feed<Rows>>;

impl SharedTable {
    /// A table that one connection has begun to load.
    pub(crate) fn new(dump_id: i32, statement: Vec<u8>, locks: Vec<u8>, rows: Division) -> Self {
        SharedTable {
            dump_id,
            statement,
            locks,
            rows,
            state: watch::Sender::new(State::default()),
        }
    }

    /// Whether it is given up.
    pub(crate) fn has_failed(&self) -> bool {
        self.state.borrow().has_failed()
    }

    /// Whether another connection can still load it.
    fn is_open(&self) -> bool {
        let state = self.state.borrow();
        !state.is_drained && !state.has_failed()
    }

    /// Lets another connection, which has its locks, load it, unless that is too late.
    pub(crate) fn join(&self) -> bool {
        self.state.send_if_modified(|state| {
            let joins = !state.is_drained && !state.has_failed();
            state.joined += usize::from(joins);
            joins
        })
    }

    /// The feed that all take from, unless the table is in parts.
    pub(crate) fn feed(&self) -> Option<&Mutex<Feed<Rows>>> {
        match &self.rows {
            Division::Feed(feed) => Some(feed),
            Division::Parts { .. } => None,
        }
    }

    /// What its rows come in: those of a common feed are text.
    pub(crate) fn format(&self) -> Format {
        match &self.rows {
            Division::Feed(_) => Format::Text,
            Division::Parts { format, .. } => *format,
        }
    }

    /// Takes a part that nobody has taken, if there is one. With `ahead`, only while enough are left that nobody will have nothing to do for it.
    pub(crate) fn take_part(&self, ahead: Option<usize>) -> Option<usize> {
        let Division::Parts { count, next, .. } = &self.rows else {
            return None;
        };
        let end = count.saturating_sub(ahead.unwrap_or(0));
        let taken = next.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
            (next < end).then_some(next + 1)
        });
        if taken.is_ok_and(|part| part + 1 == *count) {
            self.state.send_modify(|state| state.is_drained = true);
        }
        taken.ok()
    }

    /// The next rows of a feed, `None` at their end or where the table is given up.
    pub(crate) async fn take(&self, feed: &mut Feed<Rows>) -> Option<Rows> {
        if self.state.borrow().has_failed() {
            return None;
        }
        let next = feed.recv().await;
        let is_one_feed = matches!(self.rows, Division::Feed(_));
        self.state.send_modify(|state| match &next {
            Some(Ok(rows)) => {
                state.archived += rows.count;
                state.bytes += rows.bytes.len() as u64;
            }
            Some(Err(_)) => {}
            None => state.is_drained |= is_one_feed,
        });
        match next? {
            Ok(rows) => Some(rows),
            Err(error) => {
                self.state
                    .send_modify(|state| state.unreadable = Some(error));
                None
            }
        }
    }

    /// Counts the rows that are left when the table is given up. Parts that nobody has read are not read for that.
    pub(crate) async fn count_rest(&self) {
        let Some(feed) = self.feed() else {
            return;
        };
        let mut feed = feed.lock().await;
        while let Some(Ok(rows)) = feed.recv().await {
            self.state.send_modify(|state| state.archived += rows.count);
        }
    }

    /// One connection's rows could not be loaded.
    pub(crate) fn fail(&self, error: ServerError) {
        self.state.send_modify(|state| {
            state.failure.get_or_insert(error);
        });
    }

    /// One connection's rows are in; waits until those of all others are too, which may then be committed. `false` where the table is given
    /// up.
    pub(crate) async fn ready(&self) -> bool {
        self.state.send_modify(|state| state.ready += 1);
        let mut state = self.state.subscribe();
        // The sender is here and cannot be gone.
        let settled = state
            .wait_for(|state| state.is_ready() || state.has_failed())
            .await;
        settled.is_ok_and(|state| !state.has_failed())
    }

    /// A connection has committed so many rows, or none.
    pub(crate) fn leave(&self, loaded: u64) {
        self.state.send_modify(|state| {
            state.left += 1;
            state.loaded += loaded;
        });
    }

    /// Waits until all connections are done with the table, and takes what it came to.
    pub(crate) async fn end(&self) -> State {
        let mut state = self.state.subscribe();
        let _ = state.wait_for(|state| state.left == state.joined).await;
        let mut end = State::default();
        self.state.send_modify(|state| {
            end = std::mem::take(state);
            // Nobody can join any more.
            state.is_drained = true;
        });
        end
    }
}

/// The tables that whoever has nothing else to do can help with.
#[derive(Debug, Default)]
pub(crate) struct Board {
    tables: std::sync::Mutex<Vec<Arc<SharedTable>>>,
    opened: Notify,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Vec<Arc<SharedTable>>> {
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for help with a table.
    pub(crate) fn open(&self, table: &Arc<SharedTable>) {
        self.lock().push(Arc::clone(table));
        self.opened.notify_waiters();
    }

    /// No more help is wanted with a table.
    pub(crate) fn close(&self, table: &Arc<SharedTable>) {
        self.lock().retain(|other| !Arc::ptr_eq(other, table));
    }

    /// A table to help with.
    pub(crate) fn open_table(&self) -> Option<Arc<SharedTable>> {
        self.lock().iter().find(|table| table.is_open()).cloned()
    }

    /// Tells when help is asked for.
    pub(crate) fn opened(&self) -> Notified<'_> {
        self.opened.notified()
    }
}
