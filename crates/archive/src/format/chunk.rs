//! The chunks a data stream stands in, as one run of bytes.

use std::io::{self, Read};

use crate::{Error, Result, reader::source::Source};

/// The type byte of a block that holds one stream.
pub(crate) const BLOCK_DATA: u8 = 1;
/// The type byte of a block that holds large objects. 2 has never been given out.
pub(crate) const BLOCK_BLOBS: u8 = 3;

/// How far a stream has been read. It outlives the borrow of the stream, so that the reader can pass over the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChunkState {
    /// Bytes of the current chunk still to come.
    left: u64,
    /// Whether the chunk of length zero has been read.
    ended: bool,
    /// Where the current chunk's length stands.
    at: u64,
    /// Bytes of chunks read or passed over.
    stored: u64,
}

impl ChunkState {
    /// A stream whose first chunk comes next.
    pub(crate) fn begin() -> Self {
        Self::default()
    }

    /// Where the chunk that was read last stands in the archive.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Bytes of chunks that have been read or passed over, without the chunks' lengths.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored
    }

    /// Makes sure that the current chunk has bytes left, or that the stream has ended. `true` if there are bytes.
    pub(crate) fn advance<R: Read>(&mut self, source: &mut Source<R>) -> Result<bool> {
        if self.left == 0 && !self.ended {
            self.at = source.position();
            let length = source.int("a data block")?;
            self.left = u64::try_from(length)
                .map_err(|_| Error::corrupt(self.at, format!("a chunk of {length} bytes")))?;
            self.ended = self.left == 0;
        }
        Ok(!self.ended)
    }

    /// Whether the bytes read last were the end of their chunk.
    pub(crate) fn at_chunk_end(&self) -> bool {
        self.left == 0
    }

    /// Reads some of the stream's bytes, never across a chunk's end; 0 only at the stream's end.
    pub(crate) fn read<R: Read>(
        &mut self,
        source: &mut Source<R>,
        buffer: &mut [u8],
    ) -> Result<usize> {
        if buffer.is_empty() || !self.advance(source)? {
            return Ok(0);
        }
        let wanted = usize::try_from(self.left).map_or(buffer.len(), |left| left.min(buffer.len()));
        let count = source.read_some(&mut buffer[..wanted])?;
        if count == 0 {
            return Err(Error::Truncated {
                offset: source.position(),
                inside: "a data block",
            });
        }
        self.left -= count as u64;
        self.stored += count as u64;
        Ok(count)
    }

    /// Passes over what is left of the stream.
    pub(crate) fn skip<R: Read>(&mut self, source: &mut Source<R>) -> Result<()> {
        while self.advance(source)? {
            source.skip(self.left, "a data block")?;
            self.stored += self.left;
            self.left = 0;
        }
        Ok(())
    }
}

/// A stream's bytes as an [`io::Read`], for decoders that want one.
pub(crate) struct ChunkReader<'a, R> {
    pub(crate) source: &'a mut Source<R>,
    pub(crate) state: &'a mut ChunkState,
    /// How many bytes have been read through here.
    pub(crate) taken: u64,
    /// Whether bytes were asked for after the last one.
    pub(crate) starved: bool,
}

impl<'a, R> ChunkReader<'a, R> {
    pub(crate) fn new(source: &'a mut Source<R>, state: &'a mut ChunkState) -> Self {
        ChunkReader {
            source,
            state,
            taken: 0,
            starved: false,
        }
    }
}

impl<R: Read> Read for ChunkReader<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self
            .state
            .read(self.source, buffer)
            .map_err(Error::into_io)?;
        self.taken += count as u64;
        self.starved |= count == 0 && !buffer.is_empty();
        Ok(count)
    }
}
