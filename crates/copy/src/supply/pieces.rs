//! What was asked for, on its way to whoever has asked.

use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::sync::mpsc::Receiver;

use crate::{Error, Object};

/// What a connection says to whoever has asked for data.
#[derive(Debug)]
pub(super) enum Said<T> {
    /// Some of it.
    Some(T),
    /// That was all, by the server's own word: so many rows or large objects.
    All(u64),
    /// There will be no more.
    Failed(Arc<Error>),
}

/// Some data, piece by piece.
#[derive(Debug)]
struct Stream<T> {
    said: Receiver<Said<T>>,
    count: Option<u64>,
}

impl<T> Stream<T> {
    /// The next piece. It ends with `None` only where the server has said that this is all.
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<T, Arc<Error>>>> {
        if self.count.is_some() {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.said.poll_recv(context)) {
            Some(Said::Some(piece)) => Some(Ok(piece)),
            Some(Said::All(count)) => {
                self.count = Some(count);
                None
            }
            Some(Said::Failed(error)) => Some(Err(error)),
            None => Some(Err(Arc::new(Error::Gone))),
        })
    }
}

/// Rows of a table, as COPY has them. Dropped before its end, it lets the rest be passed over.
#[derive(Debug)]
pub struct Pieces(Stream<Bytes>);

impl Pieces {
    pub(super) fn new(said: Receiver<Said<Bytes>>) -> Self {
        Self(Stream { said, count: None })
    }

    /// The next piece, which may end anywhere, within a row too; `None` where the server has said that this is all. After an error nothing comes any
    /// more.
    ///
    /// # Errors
    ///
    /// What kept the rest from being read; others may hear of the same.
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Arc<Error>>>> {
        self.0.poll_next(context)
    }

    /// How many rows the server says it has sent, at their end.
    pub fn rows(&self) -> Option<u64> {
        self.0.count
    }
}

/// Large objects, one behind the other.
#[derive(Debug)]
pub struct Objects(Stream<Object>);

impl Objects {
    pub(super) fn new(said: Receiver<Said<Object>>) -> Self {
        Self(Stream { said, count: None })
    }

    /// What comes next, `None` after the last. After an error nothing comes any more.
    ///
    /// # Errors
    ///
    /// As for [`Pieces::poll_next`].
    pub fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Object, Arc<Error>>>> {
        self.0.poll_next(context)
    }
}
