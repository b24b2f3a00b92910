//! Where an archive's data comes from, for as many readers as there are connections.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use pgdumprs_archive::Error;
use pgdumprs_script::{Data, DataSource};

/// Data that is being read.
pub(crate) type Reading<'a> = dyn Data + 'a;

/// A reader of an archive's data, for a thread of its own.
pub(crate) type BoxedSource = Box<dyn DataSource + Send>;

/// Opens the archive once more.
type Opener = dyn Fn() -> Result<BoxedSource, Error> + Send + Sync;

/// An archive whose data is to be loaded.
#[derive(Clone)]
pub struct Source {
    open: Arc<Opener>,
    sizes: Arc<HashMap<i32, u64>>,
    is_read_once: bool,
}

impl Source {
    /// An archive that `open` opens, as often as there are connections. `sizes` says of entries, by their dump ids, how many bytes their
    /// data takes: what is large comes first. One that is missing counts as small.
    pub fn new(
        open: impl Fn() -> Result<BoxedSource, Error> + Send + Sync + 'static,
        sizes: HashMap<i32, u64>,
    ) -> Self {
        Source {
            open: Arc::new(open),
            sizes: Arc::new(sizes),
            is_read_once: false,
        }
    }

    /// An archive that can be read only once, from its beginning to its end. `open` is called once.
    #[must_use]
    pub fn read_once(mut self) -> Self {
        self.is_read_once = true;
        self
    }

    pub(crate) fn open(&self) -> Result<BoxedSource, Error> {
        (self.open)()
    }

    pub(crate) fn size(&self, dump_id: i32) -> u64 {
        self.sizes.get(&dump_id).copied().unwrap_or(0)
    }

    pub(crate) fn is_read_once(&self) -> bool {
        self.is_read_once
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source")
            .field("sizes", &self.sizes.len())
            .field("is_read_once", &self.is_read_once)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Data that comes in small pieces.
    pub(crate) struct Pieces<'a> {
        rest: &'a [u8],
        step: usize,
    }

    impl<'a> Pieces<'a> {
        pub(crate) fn new(data: &'a [u8], step: usize) -> Self {
            Pieces { rest: data, step }
        }
    }

    impl Data for Pieces<'_> {
        fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
            let count = self.step.min(buffer.len()).min(self.rest.len());
            let (now, rest) = self.rest.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.rest = rest;
            Ok(count)
        }
    }
}
