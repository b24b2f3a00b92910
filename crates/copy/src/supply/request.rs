//! What is asked of a connection, and for whom.

use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::mpsc::Sender;

use crate::supply::archive::Keeper;
use crate::supply::pieces::Said;
use crate::{Error, Format, Object};

/// Parts of an entry's data that somebody wants.
pub(super) struct Request {
    /// Positions of those that have not been read.
    pub(super) parts: Range<usize>,
    /// What those that were read came to.
    pub(super) count: u64,
    /// Whether something of the first of them may have been passed on.
    pub(super) has_begun: bool,
    pub(super) format: Format,
    to: To,
}

/// Whoever wants it.
enum To {
    Rows(Sender<Said<Bytes>>),
    Objects(Sender<Said<Object>>),
    /// The archive alone.
    Archive,
}

impl Request {
    pub(super) fn rows(parts: Range<usize>, format: Format, to: Sender<Said<Bytes>>) -> Self {
        Self::new(parts, format, To::Rows(to))
    }

    pub(super) fn objects(parts: Range<usize>, to: Sender<Said<Object>>) -> Self {
        Self::new(parts, Format::Text, To::Objects(to))
    }

    /// One for nobody but the archive.
    pub(super) fn archive(parts: Range<usize>) -> Self {
        Self::new(parts, Format::Text, To::Archive)
    }

    fn new(parts: Range<usize>, format: Format, to: To) -> Self {
        Self {
            parts,
            count: 0,
            has_begun: false,
            format,
            to,
        }
    }

    /// Whether anything of it is still of use.
    pub(super) fn is_wanted(&self, keeper: &Keeper) -> bool {
        match &self.to {
            To::Rows(to) => !to.is_closed(),
            To::Objects(to) => !to.is_closed(),
            To::Archive => keeper.is_at_work(),
        }
    }

    /// Passes rows on. Nobody need be there to take them.
    pub(super) async fn give_rows(&self, rows: Bytes) -> Result<(), Error> {
        match &self.to {
            To::Rows(to) => drop(to.send(Said::Some(rows)).await),
            To::Archive => {}
            To::Objects(_) => return Err(Error::Gone),
        }
        Ok(())
    }

    /// Passes a large object, or a piece of one, on. Nobody need be there to take it.
    pub(super) async fn give_object(&self, object: Object) -> Result<(), Error> {
        match &self.to {
            To::Objects(to) => drop(to.send(Said::Some(object)).await),
            To::Archive => {}
            To::Rows(_) => return Err(Error::Gone),
        }
        Ok(())
    }

    /// Says that all was read, or why not. Nobody need be there to hear of it.
    pub(super) async fn end(self, result: Result<(), Arc<Error>>) {
        match (self.to, result) {
            (To::Rows(to), Ok(())) => drop(to.send(Said::All(self.count)).await),
            (To::Rows(to), Err(error)) => drop(to.send(Said::Failed(error)).await),
            (To::Objects(to), Ok(())) => drop(to.send(Said::All(self.count)).await),
            (To::Objects(to), Err(error)) => drop(to.send(Said::Failed(error)).await),
            (To::Archive, _) => {}
        }
    }
}
