//! What a data stream stands in, as one run of bytes: chunks, a length that is known, or all of a file.

use std::io::{self, Read};

use crate::{Error, Result, reader::source::Source};

/// The type byte of a block that holds one stream.
pub(crate) const BLOCK_DATA: u8 = 1;
/// The type byte of a block that holds large objects. 2 has never been given out.
pub(crate) const BLOCK_BLOBS: u8 = 3;

/// How it is known where a stream ends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Framing {
    /// Chunks, each with its length, up to one of length zero: the custom format.
    #[default]
    Chunks,
    /// The length is known beforehand: the tar format.
    Length,
    /// The end of the input: a file of the directory format.
    Input,
}

/// How far a stream has been read. It outlives the borrow of the stream, so that the reader can pass over the rest.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ChunkState {
    framing: Framing,
    /// Bytes of the current chunk still to come.
    left: u64,
    /// Whether the chunk of length zero has been read, or what stands for it.
    ended: bool,
    /// Where the current chunk's length stands, or, without chunks, what was read last.
    at: u64,
    /// Bytes of chunks read or passed over.
    stored: u64,
}

impl ChunkState {
    /// A stream whose first chunk comes next.
    pub(crate) fn begin() -> Self {
        Self::default()
    }

    /// A stream of this many bytes.
    pub(crate) fn of_length(length: u64) -> Self {
        ChunkState {
            framing: Framing::Length,
            left: length,
            ..Self::default()
        }
    }

    /// A stream that goes to the end of its input.
    pub(crate) fn to_end() -> Self {
        ChunkState {
            framing: Framing::Input,
            left: u64::MAX,
            ..Self::default()
        }
    }

    /// Whether the stream stands in chunks.
    pub(crate) fn has_chunks(&self) -> bool {
        self.framing == Framing::Chunks
    }

    /// Where the chunk that was read last stands in the archive; without chunks, the bytes that were read last.
    pub(crate) fn position(&self) -> u64 {
        self.at
    }

    /// Bytes of chunks that have been read or passed over, without the chunks' lengths.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.stored
    }

    /// Makes sure that the current chunk has bytes left, or that the stream has ended. `true` if there are bytes.
    pub(crate) fn advance<R: Read>(&mut self, source: &mut Source<R>) -> Result<bool> {
        if self.framing != Framing::Chunks {
            self.at = source.position();
            self.ended |= self.left == 0;
        } else if self.left == 0 && !self.ended {
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
        if count == 0 && self.framing == Framing::Input {
            self.ended = true;
            return Ok(0);
        }
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
        // Nothing follows in the same input.
        self.ended |= self.framing == Framing::Input;
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
