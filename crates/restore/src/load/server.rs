//! Data that comes from another server, as it is read there.

use std::io;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use pgdumprs_archive as archive;
use pgdumprs_copy::{Format, Object, Objects, Pieces, Tap};

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
    fn rows(&mut self, dump_id: i32, format: Format) -> io::Result<Feed<Rows>> {
        let pieces = self.tap.rows(dump_id, format);
        Ok(Feed::new(Counted::new(pieces, format)))
    }

    fn part(&mut self, dump_id: i32, part: usize, format: Format) -> io::Result<Feed<Rows>> {
        let pieces = self.tap.part(dump_id, part, format);
        Ok(Feed::new(Counted::new(pieces, format)))
    }

    fn statements(&mut self, dump_id: i32, _: Cutter) -> io::Result<Feed<Vec<u8>>> {
        Ok(Feed::new(NoStatements { dump_id }))
    }

    fn large_objects(&mut self, dump_id: i32) -> io::Result<Feed<Object>> {
        Ok(Feed::new(self.tap.large_objects(dump_id)))
    }
}

/// Rows, with how many they are: those in text are counted, and held against what the server says it has sent.
struct Counted {
    pieces: Pieces,
    format: Format,
    count: u64,
    is_over: bool,
}

impl Counted {
    fn new(pieces: Pieces, format: Format) -> Self {
        Counted {
            pieces,
            format,
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
                let rows = match self.format {
                    Format::Text => lines(bytes),
                    Format::Binary => uncounted(bytes),
                };
                self.count += rows.count;
                Some(Ok(rows))
            }
            Some(Err(error)) => Some(Err(RowsError::Source(error))),
            None => {
                self.is_over = true;
                let (came, said) = (self.count, self.pieces.rows().unwrap_or_default());
                match self.format {
                    Format::Text => {
                        (came != said).then_some(Err(RowsError::Miscounted { came, said }))
                    }
                    // What the target counts is held against that.
                    Format::Binary => Some(Ok(Rows {
                        count: said,
                        ..uncounted(Bytes::new())
                    })),
                }
            }
        })
    }
}

/// Rows in binary, which take a look at each value to be told apart.
fn uncounted(bytes: Bytes) -> Rows {
    Rows {
        count: 0,
        are_whole: false,
        bytes,
    }
}

/// Rows in the text that COPY makes: nothing but the end of a row is one of a line.
fn lines(bytes: Bytes) -> Rows {
    Rows {
        count: memchr::memchr_iter(b'\n', &bytes).count() as u64,
        are_whole: bytes.ends_with(b"\n"),
        bytes,
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
