//! A table's rows without the line that ends them.

use std::io::{self, Read};

use crate::{DataBlock, Error, Result};

/// What a block of COPY text ends with.
const END: &[u8] = b"\\.\n\n\n";

/// Bytes read together.
const ROOM: usize = 64 * 1024;

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

    /// Reads until there is more than the end can take up, or the block has ended.
    fn refill(&mut self) -> Result<()> {
        if let Some(before) = self.start.checked_sub(1) {
            self.last = self.held[before];
            self.held.drain(..self.start);
            (self.start, self.ready) = (0, 0);
        }
        while self.held.len() <= END.len() {
            let filled = self.held.len();
            self.held.resize(filled + ROOM, 0);
            let count = self.block.read_data(&mut self.held[filled..])?;
            self.held.truncate(filled + count);
            if count == 0 {
                return self.end();
            }
        }
        self.ready = self.held.len() - END.len();
        Ok(())
    }

    fn end(&mut self) -> Result<()> {
        self.ended = true;
        if self.held != END || self.last != b'\n' {
            return Err(self
                .block
                .stream
                .corrupt(0, "the rows break off without the \\. that ends them"));
        }
        Ok(())
    }
}

impl<R: Read> Read for Rows<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_data(buffer).map_err(Error::into_io)
    }
}
