//! Compression: raw bytes in, chunk payloads out.

use std::collections::VecDeque;

use zlib_rs::adler32::adler32;

use crate::{
    Compression, Error, Result,
    compression::{
        gzip::{ADLER_START, GzipEncoder, Wrapping},
        lz4::Lz4Encoder,
        zstandard::ZstdEncoder,
    },
};

/// How many bytes a chunk's payload has at most, when this crate cuts it.
///
/// The format allows any length. `pg_restore` takes memory for a whole chunk, and on a file without offsets it pays a
/// seek for each chunk it skips.
pub const CHUNK_SIZE: usize = 64 * 1024;

/// How many raw bytes a library gets at a time. What deflate makes of the same bytes depends on how they are cut, and an
/// archive's bytes are not to depend on how its data happened to arrive.
const STEP: usize = 64 * 1024;

/// Raw bytes of a stream that counts as short.
const SHORT: u64 = 64;

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

    /// Appends what another has.
    pub(crate) fn push_all(&mut self, other: ChunkCutter) {
        other.ready.iter().for_each(|chunk| self.push(chunk));
        self.push(&other.open);
    }

    /// Ends the open chunk, if anything is in it: a chunk without bytes would end the stream.
    pub(crate) fn cut(&mut self) {
        if !self.open.is_empty() {
            let mut chunk = std::mem::take(&mut self.open);
            // Chunks may wait in memory, counted by their length: room they do not use must not add up.
            if chunk.len() < CHUNK_SIZE / 2 {
                chunk.shrink_to_fit();
            }
            self.ready.push_back(chunk);
        }
    }

    /// Bytes in all chunks.
    pub(crate) fn len(&self) -> usize {
        self.ready.iter().map(Vec::len).sum::<usize>() + self.open.len()
    }

    /// All chunks, one after the other.
    #[cfg(test)]
    pub(crate) fn into_bytes(self) -> Vec<u8> {
        let chunks: Vec<_> = self.ready.into();
        chunks.concat()
    }

    /// The next chunk that is full or cut.
    pub(crate) fn next(&mut self) -> Option<Vec<u8>> {
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

impl Method {
    /// Whether it cuts what it is given by itself, so that it need not be given in steps.
    fn cuts_by_itself(&self) -> bool {
        match self {
            Method::None => true,
            Method::Gzip(_) | Method::Lz4(_) => false,
            Method::Zstd(encoder) => encoder.is_framed(),
        }
    }

    fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        if raw.is_empty() {
            return Ok(());
        }
        match self {
            Method::None => out.push(raw),
            Method::Gzip(encoder) => encoder.write(raw, out)?,
            Method::Lz4(encoder) => encoder.write(raw, out)?,
            Method::Zstd(encoder) => encoder.write(raw, out)?,
        }
        Ok(())
    }
}

/// Compresses streams, or pieces of streams, into chunk payloads.
///
/// Feed it with [`write`](Self::write), take what is ready with [`next_chunk`](Self::next_chunk), end with
/// [`finish`](Self::finish) and take the rest; then it is ready for the next stream. Payloads are never empty. They go
/// into the archive by [`Writer::write_chunk`](crate::Writer::write_chunk), one call a payload: for zstd the boundaries
/// between chunks matter.
///
/// The payloads depend on the raw bytes and the level, not on how the bytes were spread over calls.
///
/// A compressor for pieces makes payloads that are a stream only together with what [`PieceJoin`](crate::PieceJoin)
/// puts around them.
pub struct Compressor {
    method: Method,
    cutter: ChunkCutter,
    /// Raw bytes that are not yet enough for a step.
    step: Vec<u8>,
    raw_length: u64,
    /// The last stream that was short, and its payloads: the tables of a database that are empty are all the same stream, and an
    /// encoder takes far longer to start afresh than to compress it.
    short: Option<(Vec<u8>, Vec<Vec<u8>>)>,
}

impl Compressor {
    /// A compressor that makes whole streams.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`] if the level is out of range, [`Error::Compress`] if the library cannot start.
    pub fn new(compression: Compression) -> Result<Self> {
        Self::start(compression, Wrapping::Stream)
    }

    /// A compressor that makes whole files, as the programs gzip, lz4 and zstd read them. Several of them, end to end, are one file of
    /// all their data. A directory-format archive is made of these.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_files(compression: Compression) -> Result<Self> {
        Self::start(compression, Wrapping::File)
    }

    /// A compressor that makes pieces to be joined.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    pub fn for_pieces(compression: Compression) -> Result<Self> {
        Self::start(compression, Wrapping::Piece)
    }

    fn start(compression: Compression, wrapping: Wrapping) -> Result<Self> {
        compression.validate()?;
        let method = match compression {
            Compression::None => Method::None,
            Compression::Gzip { level } => Method::Gzip(GzipEncoder::new(level, wrapping)),
            Compression::Lz4 { .. } => Method::Lz4(Lz4Encoder::default()),
            Compression::Zstd { level, long } => Method::Zstd(ZstdEncoder::new(level, long)?),
        };
        Ok(Compressor {
            method,
            cutter: ChunkCutter::default(),
            step: Vec::new(),
            raw_length: 0,
            short: None,
        })
    }

    /// Bytes of memory that a compressor takes, about and at most, without the payloads that wait to be taken.
    pub fn memory(compression: Compression) -> usize {
        match compression {
            Compression::None | Compression::Gzip { .. } | Compression::Lz4 { .. } => 1 << 20,
            Compression::Zstd { level, long } => ZstdEncoder::memory(level, long),
        }
    }

    /// Whether the pieces of a stream differ from a stream of their own, so that each needs a compressor of its kind.
    pub fn tells_pieces_apart(compression: Compression) -> bool {
        matches!(compression, Compression::Gzip { .. })
    }

    /// Takes raw bytes.
    ///
    /// # Errors
    /// [`Error::Compress`] if the library fails.
    pub fn write(&mut self, mut raw: &[u8]) -> Result<()> {
        self.raw_length += raw.len() as u64;
        if self.method.cuts_by_itself() && self.raw_length > SHORT {
            self.method.write(&self.step, &mut self.cutter)?;
            self.step.clear();
            return self.method.write(raw, &mut self.cutter);
        }
        if !self.step.is_empty() {
            let (now, later) = raw.split_at(raw.len().min(STEP - self.step.len()));
            self.step.extend_from_slice(now);
            if self.step.len() < STEP {
                return Ok(());
            }
            self.method.write(&self.step, &mut self.cutter)?;
            self.step.clear();
            raw = later;
        }
        let mut steps = raw.chunks_exact(STEP);
        steps.try_for_each(|step| self.method.write(step, &mut self.cutter))?;
        self.step.extend_from_slice(steps.remainder());
        Ok(())
    }

    /// Ends the stream or piece. What [`next_chunk`](Self::next_chunk) gives until its next `None` still belongs to it.
    ///
    /// # Errors
    /// [`Error::Compress`] if the library fails.
    pub fn finish(&mut self) -> Result<Piece> {
        if self.raw_length > SHORT {
            return self.finish_stream();
        }
        // All of a short stream is still in `step`, and nothing of it in the cutter.
        let tried = self.short.as_ref().filter(|(raw, _)| *raw == self.step);
        if let Some((_, payloads)) = tried {
            let piece = Piece {
                raw_length: std::mem::take(&mut self.raw_length),
                adler32: self.checksum(&self.step),
            };
            self.cutter.ready.extend(payloads.iter().cloned());
            self.step.clear();
            return Ok(piece);
        }
        let raw = self.step.clone();
        let earlier = self.cutter.ready.len();
        let piece = self.finish_stream()?;
        let payloads = self.cutter.ready.iter().skip(earlier).cloned().collect();
        self.short = Some((raw, payloads));
        Ok(piece)
    }

    /// What a piece's checksum is, by the method.
    fn checksum(&self, raw: &[u8]) -> u32 {
        match self.method {
            Method::Gzip(_) => adler32(ADLER_START, raw),
            Method::None | Method::Lz4(_) | Method::Zstd(_) => ADLER_START,
        }
    }

    fn finish_stream(&mut self) -> Result<Piece> {
        self.method.write(&self.step, &mut self.cutter)?;
        self.step.clear();
        let adler32 = match &mut self.method {
            Method::None => ADLER_START,
            Method::Gzip(encoder) => encoder.finish(&mut self.cutter)?,
            Method::Lz4(encoder) => {
                encoder.finish(&mut self.cutter)?;
                ADLER_START
            }
            Method::Zstd(encoder) => {
                encoder.finish(&mut self.cutter)?;
                ADLER_START
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

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Compression; 4] = [
        Compression::None,
        Compression::GZIP,
        Compression::LZ4,
        Compression::ZSTD,
    ];

    fn drain(compressor: &mut Compressor) -> Vec<Vec<u8>> {
        std::iter::from_fn(|| compressor.next_chunk()).collect()
    }

    /// Bytes that no method makes smaller.
    fn noise(length: usize) -> Vec<u8> {
        let mut state = 1u32;
        let next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        std::iter::repeat_with(next).take(length).collect()
    }

    #[test]
    fn chunks_are_full_but_for_the_last_and_never_empty() {
        for compression in ALL {
            let mut compressor = Compressor::new(compression).unwrap();
            for raw in noise(5 * CHUNK_SIZE).chunks(999) {
                compressor.write(raw).unwrap();
            }
            let mut chunks = drain(&mut compressor);
            compressor.finish().unwrap();
            chunks.extend(drain(&mut compressor));
            let (last, full) = chunks.split_last().unwrap();
            assert!(full.len() >= 4, "{compression:?}");
            assert!(
                full.iter().all(|chunk| chunk.len() == CHUNK_SIZE),
                "{compression:?}"
            );
            assert!((1..=CHUNK_SIZE).contains(&last.len()), "{compression:?}");
        }
    }

    #[test]
    fn short_streams_are_what_they_would_be_without_a_memory() {
        for compression in ALL {
            for start in [Compressor::new, Compressor::for_pieces] {
                let mut one = start(compression).unwrap();
                for raw in [
                    &b"a"[..],
                    b"a",
                    b"",
                    b"",
                    b"b",
                    &[7; 64],
                    &[7; 64],
                    &[7; 65],
                ] {
                    let mut other = start(compression).unwrap();
                    let mut both = [&mut one, &mut other].map(|compressor| {
                        compressor.write(raw).unwrap();
                        (compressor.finish().unwrap(), drain(compressor))
                    });
                    let [one, other] = &mut both;
                    assert_eq!(one, other, "{compression:?} {raw:?}");
                }
            }
        }
    }

    #[test]
    fn a_compressor_makes_the_same_stream_again() {
        for compression in ALL {
            let mut compressor = Compressor::new(compression).unwrap();
            let mut make = |raw: &[u8]| {
                compressor.write(raw).unwrap();
                compressor.finish().unwrap();
                drain(&mut compressor)
            };
            let raw = noise(100_000);
            let first = make(&raw);
            make(b"something else");
            assert_eq!(make(&raw), first, "{compression:?}");
        }
    }

    #[test]
    fn the_bytes_do_not_depend_on_how_the_data_arrives() {
        let mut raw = b"1\tsome row of some table\n".repeat(20_000);
        raw.extend(noise(100_000));
        raw.extend_from_within(5_000..300_000);
        for compression in ALL {
            let streams = [1, 977, 65_536, raw.len()].map(|part| {
                let mut compressor = Compressor::new(compression).unwrap();
                for part in raw.chunks(part) {
                    compressor.write(part).unwrap();
                }
                compressor.finish().unwrap();
                drain(&mut compressor)
            });
            assert!(
                streams.iter().all(|stream| *stream == streams[0]),
                "{compression:?}"
            );
        }
    }

    #[test]
    fn compressors_can_be_handed_to_threads() {
        fn assert_send<T: Send>() {}
        assert_send::<Compressor>();
        assert_send::<crate::Writer<std::fs::File>>();
        assert_send::<crate::Reader<std::fs::File>>();
    }
}
