//! Decompression: a stream's chunks in, raw bytes out.

use std::io::Read;

use crate::{
    Compression, Error, Result,
    compression::{
        gzip::GzipDecoder, gzip_file::GzipFileDecoder, lz4::Lz4Decoder, zstandard::ZstdDecoder,
    },
    format::chunk::{ChunkReader, ChunkState},
    reader::source::Source,
};

/// Compressed bytes taken from the file at a time; never more than the chunk holds.
const INPUT_SIZE: usize = 32 * 1024;

/// What a decoder did with a part of its input.
pub(crate) struct Progress {
    /// Bytes taken from the input.
    pub(crate) taken: usize,
    /// Bytes put into the output.
    pub(crate) given: usize,
}

/// A method whose library takes input as it comes.
pub(crate) enum Codec {
    Gzip(GzipDecoder),
    GzipFile(GzipFileDecoder),
    Zstd(ZstdDecoder),
}

impl Codec {
    fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        match self {
            Codec::Gzip(decoder) => decoder.run(input, output),
            Codec::GzipFile(decoder) => decoder.run(input, output),
            Codec::Zstd(decoder) => decoder.run(input, output),
        }
    }

    /// Whether the input so far ends where a stream may end.
    fn complete(&self) -> bool {
        match self {
            Codec::Gzip(decoder) => decoder.ended(),
            Codec::GzipFile(decoder) => decoder.between_members(),
            Codec::Zstd(decoder) => decoder.between_frames(),
        }
    }

    /// What is wrong with more input at this point, if anything.
    fn objection(&self, same_chunk: bool) -> Option<&'static str> {
        match self {
            Codec::Gzip(decoder) if decoder.ended() => {
                Some("data follows the end of a zlib stream; pg_restore would never come to an end")
            }
            Codec::Zstd(decoder) if same_chunk && decoder.just_ended() => {
                Some("data follows the end of a zstd frame in its chunk; pg_restore would drop it")
            }
            _ => None,
        }
    }
}

/// A stream being decompressed.
pub(crate) enum Decompressor<'a, R: Read> {
    None(ChunkReader<'a, R>),
    Fed(Box<Fed<'a, R>>),
    Lz4(Box<Lz4Decoder<'a, R>>),
}

impl<'a, R: Read> Decompressor<'a, R> {
    /// Begins a stream. gzip is a zlib stream in chunks, and what the program of that name makes in a file.
    pub(crate) fn new(
        compression: Compression,
        source: &'a mut Source<R>,
        state: &'a mut ChunkState,
    ) -> Result<Self> {
        let at = source.position();
        let chunks = ChunkReader::new(source, state);
        Ok(match compression {
            Compression::None => Decompressor::None(chunks),
            Compression::Gzip { .. } if chunks.state.has_chunks() => {
                Decompressor::Fed(Fed::new(chunks, Codec::Gzip(GzipDecoder::new())))
            }
            Compression::Gzip { .. } => {
                Decompressor::Fed(Fed::new(chunks, Codec::GzipFile(GzipFileDecoder::new())))
            }
            Compression::Zstd { .. } => {
                let decoder =
                    ZstdDecoder::new().map_err(|source| Error::Read { offset: at, source })?;
                Decompressor::Fed(Fed::new(chunks, Codec::Zstd(decoder)))
            }
            Compression::Lz4 { .. } => Decompressor::Lz4(Box::new(Lz4Decoder::new(chunks))),
        })
    }

    /// Bytes of the stream's chunks that have been read.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.chunks().state.stored_bytes()
    }

    /// Where in the archive the raw byte stands that is `behind` bytes before the end of what was read last: the byte
    /// itself, or, where it was compressed, the chunk that was read last.
    pub(crate) fn place(&self, behind: usize) -> u64 {
        match self {
            Decompressor::None(chunks) => chunks.source.position() - behind as u64,
            _ => self.chunks().state.position(),
        }
    }

    fn chunks(&self) -> &ChunkReader<'a, R> {
        match self {
            Decompressor::None(chunks) => chunks,
            Decompressor::Fed(fed) => &fed.chunks,
            Decompressor::Lz4(decoder) => decoder.chunks(),
        }
    }

    /// Reads raw bytes; 0 only at the stream's end or for an empty buffer.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        match self {
            Decompressor::None(chunks) => chunks.state.read(chunks.source, buffer),
            Decompressor::Fed(fed) => fed.read(buffer),
            Decompressor::Lz4(decoder) => decoder.read(buffer),
        }
    }
}

/// A decoder with the input it has not taken yet.
pub(crate) struct Fed<'a, R> {
    chunks: ChunkReader<'a, R>,
    codec: Codec,
    input: Vec<u8>,
    /// The part of `input` that is still to be taken.
    start: usize,
    end: usize,
    /// The last run filled its output, so the decoder may hold more without further input.
    full: bool,
}

impl<'a, R: Read> Fed<'a, R> {
    fn new(chunks: ChunkReader<'a, R>, codec: Codec) -> Box<Self> {
        Box::new(Fed {
            chunks,
            codec,
            input: vec![0; INPUT_SIZE],
            start: 0,
            end: 0,
            full: false,
        })
    }

    fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            if self.start == self.end && !self.full && !self.refill()? {
                return Ok(0);
            }
            let input = &self.input[self.start..self.end];
            let progress = self
                .codec
                .run(input, buffer)
                .map_err(|problem| self.corrupt(problem))?;
            self.start += progress.taken;
            // Input never reaches beyond a chunk, so what is left over belongs to the same one.
            let left_over = self.start < self.end && self.chunks.state.has_chunks();
            if let Some(objection) = left_over.then(|| self.codec.objection(true)).flatten() {
                return Err(self.corrupt(objection));
            }
            let drained = std::mem::replace(&mut self.full, progress.given == buffer.len());
            if progress.given > 0 {
                return Ok(progress.given);
            }
            if progress.taken == 0 && !drained {
                return Err(self.corrupt("the decompressor makes no progress"));
            }
        }
    }

    /// Gets more input; `false` at the end of a stream that is complete.
    fn refill(&mut self) -> Result<bool> {
        let same_chunk = self.chunks.state.has_chunks() && !self.chunks.state.at_chunk_end();
        self.start = 0;
        self.end = self
            .chunks
            .state
            .read(self.chunks.source, &mut self.input)?;
        if self.end == 0 {
            if self.codec.complete() {
                return Ok(false);
            }
            return Err(self.corrupt("the compressed stream breaks off"));
        }
        match self.codec.objection(same_chunk) {
            Some(objection) => Err(self.corrupt(objection)),
            None => Ok(true),
        }
    }

    fn corrupt(&self, problem: impl Into<String>) -> Error {
        Error::corrupt(self.chunks.state.position(), problem)
    }
}
