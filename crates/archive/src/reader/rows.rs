//! A table's rows without the line that ends them.

use std::io::{self, Read};
use std::ops::Range;

use memchr::memmem;

use crate::{DataBlock, Error, Result};

/// The line behind a table's rows. Nothing but newlines may follow it: two of them as a rule, and readers never asked how many.
const END: &[u8] = b"\\.\n";

/// Bytes at the end of a piece that may be the beginning of the line that ends the rows.
pub const ROWS_END_MARGIN: usize = END.len() - 1;

/// Bytes read together.
const ROOM: usize = 64 * 1024;

/// Where the line `\.` stands that ends a table's rows, in a piece of the block's data; `None` if it is not there whole.
/// `at_line_start` says whether the piece begins with a line.
///
/// A value that looks like that line is written with another backslash, so the first one that is there is the end.
pub fn find_rows_end(piece: &[u8], at_line_start: bool) -> Option<Range<usize>> {
    let begins_line = |&at: &usize| match at.checked_sub(1) {
        Some(before) => piece[before] == b'\n',
        None => at_line_start,
    };
    let start = memmem::find_iter(piece, END).find(begins_line)?;
    Some(start..start + END.len())
}

/// Whether these bytes may stand behind the line that ends the rows.
pub fn may_follow_rows(bytes: &[u8]) -> bool {
    bytes.iter().all(|&byte| byte == b'\n')
}

/// The rows of a table's block as they stand there, without the `\.` that ends them: what `COPY … TO` gave and `COPY … FROM` takes.
///
/// Made by [`DataBlock::into_rows`]. As an [`io::Read`] it gives an [`Error`] inside an [`io::Error`].
pub struct Rows<'a, R: Read> {
    block: DataBlock<'a, R>,
    /// Bytes that were read: those up to `start` have been given out, the last ones may belong to the end.
    held: Vec<u8>,
    start: usize,
    /// Up to here they may be given out.
    ready: usize,
    ended: bool,
    /// The byte before those that are held.
    last: u8,
}

impl<'a, R: Read> DataBlock<'a, R> {
    /// The rows without what ends them. The block is that of an entry with a COPY statement, and has not been read yet.
    pub fn into_rows(self) -> Rows<'a, R> {
        Rows {
            block: self,
            held: Vec::new(),
            start: 0,
            ready: 0,
            ended: false,
            last: b'\n',
        }
    }
}

impl<R: Read> Rows<'_, R> {
    /// Reads some bytes; 0 only at the end of the rows or for an empty buffer.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Corrupt`], also where the rows do not end as they should, or [`Error::Read`].
    pub fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if self.start == self.ready && !self.ended && !buffer.is_empty() {
            self.refill()?;
        }
        let count = buffer.len().min(self.ready - self.start);
        let end = self.start + count;
        buffer[..count].copy_from_slice(&self.held[self.start..end]);
        self.start = end;
        Ok(count)
    }

    /// Reads until some bytes are rows for sure, or the block has ended.
    fn refill(&mut self) -> Result<()> {
        if let Some(before) = self.start.checked_sub(1) {
            self.last = self.held[before];
            self.held.drain(..self.start);
            (self.start, self.ready) = (0, 0);
        }
        while self.held.len() <= ROWS_END_MARGIN {
            if self.read_more()? == 0 {
                return Err(self.breaks_off());
            }
        }
        if let Some(end) = find_rows_end(&self.held, self.last == b'\n') {
            self.ready = end.start;
            return self.end(end.end);
        }
        self.ready = self.held.len() - ROWS_END_MARGIN;
        Ok(())
    }

    /// Reads what is behind the rows and, from `behind` on, held already.
    fn end(&mut self, behind: usize) -> Result<()> {
        self.ended = true;
        let mut rest = self.held.split_off(behind);
        self.held.truncate(self.ready);
        loop {
            if !may_follow_rows(&rest) {
                return Err(self
                    .block
                    .stream
                    .corrupt(0, "something follows the \\. that ends the rows"));
            }
            let kept = self.held.len();
            let count = self.read_more()?;
            rest = self.held.split_off(kept);
            if count == 0 {
                return Ok(());
            }
        }
    }

    fn read_more(&mut self) -> Result<usize> {
        let filled = self.held.len();
        self.held.resize(filled + ROOM, 0);
        let count = self.block.read_data(&mut self.held[filled..])?;
        self.held.truncate(filled + count);
        Ok(count)
    }

    fn breaks_off(&self) -> Error {
        let problem = "the rows break off without the \\. that ends them";
        self.block.stream.corrupt(0, problem)
    }
}

impl<R: Read> Read for Rows<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_data(buffer).map_err(Error::into_io)
    }
}
