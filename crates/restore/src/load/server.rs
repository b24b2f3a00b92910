//! Data that comes from another server, as it is read there.

use std::io;
use std::task::{Context, Poll, ready};

use pgdumprs_archive as archive;
use pgdumprs_copy::{Object, Objects, Pieces, Tap};

use crate::load::feed::{Feed, Feeder, Flow};
use crate::load::rows::{Rows, RowsError};
use crate::load::statements::Cutter;

/// Reads over a connection to that server.
pub(crate) struct ServerFeeder {
    tap: Tap,
}

impl ServerFeeder {
    pub(crate) fn new(tap: Tap) -> Self {
        ServerFeeder { tap }
    }
}

impl Feeder for ServerFeeder {
    fn rows(&mut self, dump_id: i32) -> io::Result<Feed<Rows>> {
        Ok(Feed::new(Counted::new(self.tap.rows(dump_id))))
    }

    fn part(&mut self, dump_id: i32, part: usize) -> io::Result<Feed<Rows>> {
        Ok(Feed::new(Counted::new(self.tap.part(dump_id, part))))
    }

    fn statements(&mut self, dump_id: i32, _: Cutter) -> io::Result<Feed<Vec<u8>>> {
        Ok(Feed::new(NoStatements { dump_id }))
    }

    fn large_objects(&mut self, dump_id: i32) -> io::Result<Feed<Object>> {
        Ok(Feed::new(self.tap.large_objects(dump_id)))
    }
}

/// Rows that are counted, and held against what the server says it has sent.
struct Counted {
    pieces: Pieces,
    count: u64,
    is_over: bool,
}

impl Counted {
    fn new(pieces: Pieces) -> Self {
        Counted {
            pieces,
            count: 0,
            is_over: false,
        }
    }
}

impl Flow<Rows> for Counted {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Rows, RowsError>>> {
        if self.is_over {
            return Poll::Ready(None);
        }
        Poll::Ready(match ready!(self.pieces.poll_next(context)) {
            Some(Ok(bytes)) => {
                // In the text that COPY makes, nothing but the end of a row is one of a line.
                let count = memchr::memchr_iter(b'\n', &bytes).count() as u64;
                self.count += count;
                Some(Ok(Rows {
                    count,
                    are_whole: bytes.ends_with(b"\n"),
                    bytes,
                }))
            }
            Some(Err(error)) => Some(Err(RowsError::Source(error))),
            None => {
                self.is_over = true;
                let (came, said) = (self.count, self.pieces.rows().unwrap_or_default());
                (came != said).then_some(Err(RowsError::Miscounted { came, said }))
            }
        })
    }
}

impl Flow<Object> for Objects {
    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Object, RowsError>>> {
        let next = Objects::poll_next(self, context);
        next.map(|object| object.map(|object| object.map_err(RowsError::Source)))
    }
}

/// Rows are read as rows.
struct NoStatements {
    dump_id: i32,
}

impl Flow<Vec<u8>> for NoStatements {
    fn poll_next(&mut self, _: &mut Context<'_>) -> Poll<Option<Result<Vec<u8>, RowsError>>> {
        let dump_id = self.dump_id;
        let error = archive::Error::NoData { dump_id };
        Poll::Ready(Some(Err(RowsError::Archive(error))))
    }
}
