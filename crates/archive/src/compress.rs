//! Compression: raw bytes in, chunk payloads out.

use std::collections::VecDeque;

use crate::{
    Compression, Error, Result, gzip::GzipEncoder, lz4::Lz4Encoder, zstandard::ZstdEncoder,
};

/// How many bytes a chunk's payload has at most, when this crate cuts it.
///
/// The format allows any length. `pg_restore` takes memory for a whole chunk, and on a file without offsets it pays a
/// seek for each chunk it skips.
pub const CHUNK_SIZE: usize = 64 * 1024;

/// What a [`PieceJoin`](crate::PieceJoin) must know of a piece: how long its raw bytes were and, for gzip, their
/// checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Piece {
    /// How many raw bytes went in.
    pub raw_length: u64,
    /// The Adler-32 of the raw bytes; 1, that of no bytes, if the method does not need it.
    pub adler32: u32,
}

/// Cuts compressed bytes into chunk payloads.
#[derive(Default)]
pub(crate) struct ChunkCutter {
    open: Vec<u8>,
    ready: VecDeque<Vec<u8>>,
}

impl ChunkCutter {
    /// The chunk being filled, with room for at least one more byte.
    pub(crate) fn room(&mut self) -> &mut Vec<u8> {
        if self.open.len() == CHUNK_SIZE {
            self.cut();
        }
        if self.open.capacity() < CHUNK_SIZE {
            self.open.reserve_exact(CHUNK_SIZE - self.open.len());
        }
        &mut self.open
    }

    /// Appends bytes.
    pub(crate) fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let open = self.room();
            let (now, later) = bytes.split_at(bytes.len().min(CHUNK_SIZE - open.len()));
            open.extend_from_slice(now);
            bytes = later;
        }
    }

    /// Ends the open chunk, if anything is in it: a chunk without bytes would end the stream.
    pub(crate) fn cut(&mut self) {
        if !self.open.is_empty() {
            self.ready.push_back(std::mem::take(&mut self.open));
        }
    }

    fn next(&mut self) -> Option<Vec<u8>> {
        if self.ready.is_empty() && self.open.len() == CHUNK_SIZE {
            self.cut();
        }
        self.ready.pop_front()
    }
}

enum Method {
    None,
    Gzip(GzipEncoder),
    Lz4(Lz4Encoder),
    Zstd(ZstdEncoder),
}

/// Compresses streams, or pieces of streams, into chunk payloads.
///
/// Feed it with [`write`](Self::write), take what is ready with [`next_chunk`](Self::next_chunk), end with
/// [`finish`](Self::finish) and take the rest; then it is ready for the next stream. Payloads are never empty. They go
/// into the archive by [`Writer::write_chunk`](crate::Writer::write_chunk), one call a payload: for zstd the boundaries
/// between chunks matter.
///
/// A compressor for pieces makes payloads that are a stream only together with what [`PieceJoin`](crate::PieceJoin)
/// puts around them.
pub struct Compressor {
    method: Method,
    cutter: ChunkCutter,
    raw_length: u64,
}

impl Compressor {
    /// A compressor that makes whole streams.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`] if the level is out of range, [`Error::Compress`] if the library cannot start.
    pub fn new(compression: Compression) -> Result<Self> {
        Self::start(compression, false)
    }

    /// A compressor that makes pieces to be joined.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_pieces(compression: Compression) -> Result<Self> {
        Self::start(compression, true)
    }

    fn start(compression: Compression, pieces: bool) -> Result<Self> {
        compression.validate()?;
        let method = match compression {
            Compression::None => Method::None,
            Compression::Gzip { level } => Method::Gzip(GzipEncoder::new(level, pieces)),
            Compression::Lz4 { .. } => Method::Lz4(Lz4Encoder::default()),
            Compression::Zstd { level } => Method::Zstd(ZstdEncoder::new(level)?),
        };
        Ok(Compressor {
            method,
            cutter: ChunkCutter::default(),
            raw_length: 0,
        })
    }

    /// Takes raw bytes.
    ///
    /// # Errors
    /// [`Error::Compress`] if the library fails.
    pub fn write(&mut self, raw: &[u8]) -> Result<()> {
        self.raw_length += raw.len() as u64;
        match &mut self.method {
            Method::None => self.cutter.push(raw),
            Method::Gzip(encoder) => encoder.write(raw, &mut self.cutter)?,
            Method::Lz4(encoder) => encoder.write(raw, &mut self.cutter)?,
            Method::Zstd(encoder) => encoder.write(raw, &mut self.cutter)?,
        }
        Ok(())
    }

    /// Ends the stream or piece. What [`next_chunk`](Self::next_chunk) gives until its next `None` still belongs to it.
    ///
    /// # Errors
    /// [`Error::Compress`] if the library fails.
    pub fn finish(&mut self) -> Result<Piece> {
        let adler32 = match &mut self.method {
            Method::None => 1,
            Method::Gzip(encoder) => encoder.finish(&mut self.cutter)?,
            Method::Lz4(encoder) => {
                encoder.finish(&mut self.cutter)?;
                1
            }
            Method::Zstd(encoder) => {
                encoder.finish(&mut self.cutter)?;
                1
            }
        };
        self.cutter.cut();
        Ok(Piece {
            raw_length: std::mem::take(&mut self.raw_length),
            adler32,
        })
    }

    /// The next payload that is ready.
    pub fn next_chunk(&mut self) -> Option<Vec<u8>> {
        self.cutter.next()
    }
}

/// A library's complaint as this crate's error.
pub(crate) fn compress_error(error: impl std::fmt::Display) -> Error {
    Error::Compress(error.to_string())
}
