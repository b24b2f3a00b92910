//! What a connection loads, as it comes from wherever the data is.

use std::collections::VecDeque;
use std::fmt;
use std::future::poll_fn;
use std::io;
use std::task::{Context, Poll};

use pgdumprs_copy::{Format, Object};
use tokio::sync::mpsc;

use crate::load::rows::{Rows, RowsError};
use crate::load::statements::Cutter;

/// Where one connection gets data from. What is asked for comes in the order in which it was asked for, and is taken in that order, or dropped.
pub(crate) trait Feeder: Send + Sync {
    /// The rows of an entry, in a format that the source has them in.
    fn rows(&mut self, dump_id: i32, format: Format) -> io::Result<Feed<Rows>>;

    /// The rows of one of the parts that an entry's data can be read in.
    fn part(&mut self, dump_id: i32, part: usize, format: Format) -> io::Result<Feed<Rows>> {
        debug_assert_eq!(part, 0, "data without parts is one");
        self.rows(dump_id, format)
    }

    /// The statements in the place of an entry's rows.
    fn statements(&mut self, dump_id: i32, cutter: Cutter) -> io::Result<Feed<Vec<u8>>>;

    /// The large objects of an entry.
    fn large_objects(&mut self, dump_id: i32) -> io::Result<Feed<Object>>;
}

/// A feeder of whatever kind.
pub(crate) type BoxedFeeder = Box<dyn Feeder>;

/// Pieces that come one after the other.
pub(crate) trait Flow<T>: Send + Sync {
    /// The next one, `None` at the end.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, RowsError>>>;
}

impl<T: Send> Flow<T> for mpsc::Receiver<Result<T, RowsError>> {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, RowsError>>> {
        self.poll_recv(context)
    }
}

/// What is read, piece by piece; it ends with an error, or with the end of the data.
pub(crate) struct Feed<T> {
    /// What was taken out before it was asked for.
    ahead: VecDeque<Result<T, RowsError>>,
    pieces: Box<dyn Flow<T>>,
}

impl<T> fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Feed")
            .field("ahead", &self.ahead.len())
            .finish_non_exhaustive()
    }
}

impl<T> Feed<T> {
    pub(crate) fn new(pieces: impl Flow<T> + 'static) -> Self {
        Feed {
            ahead: VecDeque::new(),
            pieces: Box::new(pieces),
        }
    }

    /// The next piece, `None` at the end.
    pub(crate) async fn recv(&mut self) -> Option<Result<T, RowsError>> {
        match self.ahead.pop_front() {
            Some(piece) => Some(piece),
            None => self.come().await,
        }
    }

    async fn come(&mut self) -> Option<Result<T, RowsError>> {
        poll_fn(|context| self.pieces.poll_next(context)).await
    }
}

impl Feed<Rows> {
    /// Whether there are at least so many bytes of rows. Waits until that is known, and holds what has come until then.
    pub(crate) async fn has(&mut self, bytes: usize) -> bool {
        let mut found = 0;
        while found < bytes {
            let Some(piece) = self.come().await else {
                return false;
            };
            found += piece.as_ref().map_or(0, |rows| rows.bytes.len());
            let is_rows = piece.is_ok();
            self.ahead.push_back(piece);
            if !is_rows {
                return false;
            }
        }
        true
    }
}
