//! zlib streams, whole or in pieces that can be joined.

use flate2::{Compress, Compression as Level, Decompress, FlushCompress, FlushDecompress, Status};
use zlib_rs::{adler32::adler32, crc32::crc32};

use crate::{
    Result,
    compression::{
        compress::{ChunkCutter, compress_error},
        decompress::Progress,
        gzip_level::LevelChoice,
    },
};

/// The Adler-32 of no bytes.
pub(crate) const ADLER_START: u32 = 1;

/// The two bytes before a zlib stream: a window of 32 KiB, and a hint at the level.
pub(crate) fn stream_head(level: i32) -> [u8; 2] {
    match level {
        1 => [0x78, 0x01],
        2..=5 => [0x78, 0x5e],
        7..=9 => [0x78, 0xda],
        _ => [0x78, 0x9c],
    }
}

/// The head of a file of gzip: deflate, no name, no time, nothing about the level, an unknown system.
const FILE_HEAD: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];

/// What deflate's output stands in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wrapping {
    /// A zlib stream.
    Stream,
    /// Nothing: it is a piece of a zlib stream.
    Piece,
    /// A file of gzip.
    File,
}

impl Wrapping {
    /// The checksum of no bytes.
    fn checksum_start(self) -> u32 {
        match self {
            Wrapping::Stream | Wrapping::Piece => ADLER_START,
            Wrapping::File => 0,
        }
    }
}

/// Makes raw deflate, with the head and tail of a zlib stream or a file of gzip around it unless pieces are wanted.
///
/// Deflate by itself so that pieces and whole streams go one way; the checksum is kept here for the same reason.
pub(crate) struct GzipEncoder {
    level: i32,
    deflate: Deflate,
    wrapping: Wrapping,
    started: bool,
    checksum: u32,
    /// Raw bytes of the stream so far, as a file of gzip counts them.
    length: u32,
}

/// The library's state, by how its level is chosen.
enum Deflate {
    /// By whoever asked for it.
    Given(Compress),
    /// By the data.
    Chosen(Box<LevelChoice>),
}

impl GzipEncoder {
    pub(crate) fn new(level: i32, wrapping: Wrapping) -> Self {
        GzipEncoder {
            level,
            deflate: match u32::try_from(level) {
                Ok(level) => Deflate::Given(Compress::new(Level::new(level), false)),
                Err(_) => Deflate::Chosen(Box::default()),
            },
            wrapping,
            started: false,
            checksum: wrapping.checksum_start(),
            length: 0,
        }
    }

    pub(crate) fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        self.begin(out);
        self.checksum = match self.wrapping {
            Wrapping::Stream | Wrapping::Piece => adler32(self.checksum, raw),
            Wrapping::File => crc32(self.checksum, raw),
        };
        // The length is counted modulo 2^32.
        self.length = self.length.wrapping_add(raw.len() as u32);
        match &mut self.deflate {
            Deflate::Given(deflate) => run(deflate, raw, FlushCompress::None, out),
            Deflate::Chosen(choice) => choice.write(raw, out),
        }
    }

    /// Ends the stream with a last block and the checksum, or the piece at a byte boundary. Gives the checksum.
    pub(crate) fn finish(&mut self, out: &mut ChunkCutter) -> Result<u32> {
        self.begin(out);
        let checksum = std::mem::replace(&mut self.checksum, self.wrapping.checksum_start());
        let length = std::mem::take(&mut self.length);
        let flush = if self.wrapping == Wrapping::Piece {
            FlushCompress::Sync
        } else {
            FlushCompress::Finish
        };
        match &mut self.deflate {
            Deflate::Given(deflate) => {
                run(deflate, &[], flush, out)?;
                deflate.reset();
            }
            Deflate::Chosen(choice) => choice.finish(flush, out)?,
        }
        match self.wrapping {
            Wrapping::Stream => out.push(&checksum.to_be_bytes()),
            Wrapping::Piece => {}
            Wrapping::File => {
                out.push(&checksum.to_le_bytes());
                out.push(&length.to_le_bytes());
            }
        }
        self.started = false;
        Ok(checksum)
    }

    fn begin(&mut self, out: &mut ChunkCutter) {
        if std::mem::replace(&mut self.started, true) {
            return;
        }
        match self.wrapping {
            Wrapping::Stream => out.push(&stream_head(self.level)),
            Wrapping::Piece => {}
            Wrapping::File => out.push(&FILE_HEAD),
        }
    }
}

/// Gives bytes to the library and takes what comes out.
pub(crate) fn run(
    deflate: &mut Compress,
    mut raw: &[u8],
    flush: FlushCompress,
    out: &mut ChunkCutter,
) -> Result<()> {
    loop {
        let room = out.room();
        let before = deflate.total_in();
        let status = deflate
            .compress_vec(raw, room, flush)
            .map_err(compress_error)?;
        let taken = deflate.total_in() - before;
        // deflate takes no more than it is given.
        raw = &raw[taken as usize..];
        let full = room.len() == room.capacity();
        match status {
            Status::StreamEnd => return Ok(()),
            // Room left over means that everything asked for has come out.
            Status::Ok | Status::BufError if raw.is_empty() && !full => return Ok(()),
            Status::Ok | Status::BufError => {}
        }
    }
}

/// Takes one zlib stream apart.
pub(crate) struct GzipDecoder {
    inflate: Decompress,
    ended: bool,
}

impl GzipDecoder {
    pub(crate) fn new() -> Self {
        GzipDecoder {
            inflate: Decompress::new(true),
            ended: false,
        }
    }

    /// Whether the stream has come to its own end.
    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Decompresses as much of `input` as fits `output`.
    pub(crate) fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| error.to_string())?;
        self.ended = status == Status::StreamEnd;
        Ok(Progress {
            taken: (self.inflate.total_in() - in_before) as usize,
            given: (self.inflate.total_out() - out_before) as usize,
        })
    }
}
