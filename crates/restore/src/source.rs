//! Where data comes from, for as many readers as there are connections.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use pgdumprs_archive::Error;
use pgdumprs_copy::{Format, Supply};
use pgdumprs_script::{Data, DataSource};

use crate::load::archive::ArchiveFeeder;
use crate::load::feed::BoxedFeeder;
use crate::load::server::ServerFeeder;

/// Data that is being read.
pub(crate) type Reading<'a> = dyn Data + 'a;

/// A reader of an archive's data, for a thread of its own.
pub(crate) type BoxedSource = Box<dyn DataSource + Send>;

/// Opens the archive once more.
type Opener = dyn Fn() -> Result<BoxedSource, Error> + Send + Sync;

/// Where the data is that is to be loaded.
#[derive(Clone, Debug)]
pub struct Source(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Archive(Archive),
    Server(Server),
}

/// An archive whose data is to be loaded.
#[derive(Clone)]
pub(crate) struct Archive {
    open: Arc<Opener>,
    sizes: Arc<HashMap<i32, u64>>,
    is_read_once: bool,
}

/// A server whose data is to be loaded.
#[derive(Clone)]
struct Server(Supply);

impl Source {
    /// An archive that `open` opens, as often as there are connections. `sizes` says of entries, by their dump ids, how many bytes their
    /// data takes: what is large comes first. One that is missing counts as small.
    pub fn new(
        open: impl Fn() -> Result<BoxedSource, Error> + Send + Sync + 'static,
        sizes: HashMap<i32, u64>,
    ) -> Self {
        Source(Kind::Archive(Archive::new(open, sizes)))
    }

    /// An archive that can be read only once, from its beginning to its end. `open` is called once.
    #[must_use]
    pub fn read_once(mut self) -> Self {
        if let Kind::Archive(archive) = &mut self.0 {
            archive.is_read_once = true;
        }
        self
    }

    /// A server that the data is read from while it is loaded, over as many connections as load it.
    pub fn server(supply: Supply) -> Self {
        Source(Kind::Server(Server(supply)))
    }

    /// What one connection gets its data from, before which so many pieces may wait.
    pub(crate) fn feeder(&self, room: usize) -> BoxedFeeder {
        match &self.0 {
            Kind::Archive(archive) => Box::new(ArchiveFeeder::new(archive.clone(), room)),
            Kind::Server(Server(supply)) => Box::new(ServerFeeder::new(supply.tap())),
        }
    }

    /// What all connections get the data from of an archive that can be read only once.
    pub(crate) fn reader(&self, room: usize) -> Option<ArchiveFeeder> {
        match &self.0 {
            Kind::Archive(archive) if archive.is_read_once => {
                Some(ArchiveFeeder::new(archive.clone(), room))
            }
            _ => None,
        }
    }

    /// Bytes that an entry's data takes, about.
    pub(crate) fn size(&self, dump_id: i32) -> u64 {
        match &self.0 {
            Kind::Archive(archive) => archive.sizes.get(&dump_id).copied().unwrap_or(0),
            Kind::Server(Server(supply)) => supply.bytes(dump_id),
        }
    }

    /// Whether an entry's data may be enough for several connections, which those of this many bytes are. Out of a pipe that is not known before.
    pub(crate) fn may_be_shared(&self, dump_id: i32, from: u64) -> bool {
        match &self.0 {
            Kind::Archive(archive) => archive.is_read_once || self.size(dump_id) >= from,
            Kind::Server(_) => self.parts(dump_id) > 1,
        }
    }

    /// In how many parts an entry's data can be read by as many connections, one at least.
    pub(crate) fn parts(&self, dump_id: i32) -> usize {
        match &self.0 {
            Kind::Archive(_) => 1,
            Kind::Server(Server(supply)) => supply.parts(dump_id),
        }
    }

    /// The format that an entry's rows may come in, where they go into a table that was made by its definition.
    pub(crate) fn format(&self, dump_id: i32) -> Format {
        match &self.0 {
            Kind::Archive(_) => Format::Text,
            Kind::Server(Server(supply)) => supply.format(dump_id),
        }
    }

    pub(crate) fn is_read_once(&self) -> bool {
        matches!(&self.0, Kind::Archive(archive) if archive.is_read_once)
    }

    /// Whether data comes from a server: it takes as long to come as the way to it is, and so is asked for ahead of time.
    pub(crate) fn is_server(&self) -> bool {
        matches!(self.0, Kind::Server(_))
    }
}

impl Archive {
    pub(crate) fn new(
        open: impl Fn() -> Result<BoxedSource, Error> + Send + Sync + 'static,
        sizes: HashMap<i32, u64>,
    ) -> Self {
        Archive {
            open: Arc::new(open),
            sizes: Arc::new(sizes),
            is_read_once: false,
        }
    }

    pub(crate) fn open(&self) -> Result<BoxedSource, Error> {
        (self.open)()
    }
}

impl fmt::Debug for Archive {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Archive")
            .field("sizes", &self.sizes.len())
            .field("is_read_once", &self.is_read_once)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
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
