//! Zstandard frames.

use std::io;

use zstd::bulk;
use zstd::stream::raw::{CParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use crate::{
    Result,
    compression::{
        compress::{ChunkCutter, compress_error},
        decompress::Progress,
    },
};

/// The highest level whose streams are cut into frames of [`FRAME`] bytes. The levels above are chosen for size by who can wait, and
/// they look further back than a frame.
const FRAMED_LEVEL: i32 = 4;

/// Raw bytes of a frame, where a stream is cut into frames.
///
/// A library that gets a stream bit by bit keeps the last bytes in a ring, and once that has gone round, each search has to deal
/// with two places to look in. A frame that is given whole lies in one place: at level 3 that takes a quarter less time for the
/// data of `cargo xtask bench`. It also makes rows of numbers and JSON 2% smaller, whose repetitions are near, and long texts
/// 2% larger, whose repetitions are far. Larger frames do not fit the cache, smaller ones see too little.
const FRAME: usize = 4 << 20;

/// Makes streams or pieces of one or more frames. A frame's end is a chunk's end, because `pg_restore` drops what follows a
/// frame's end in the same chunk.
pub(crate) enum ZstdEncoder {
    /// One frame for all of a stream, compressed as it comes.
    Whole(Encoder<'static>),
    /// Frames that are compressed when all of their raw bytes are there.
    Framed(Frames),
}

/// What level 3, the default, looks for in rows of text: repetitions of six bytes and more, in a table that fits the processor's
/// cache. On the data of `cargo xtask bench` that takes 7% less time, and the result is 0.5% smaller than with what the library looks for.
const TUNED: [CParameter; 2] = [CParameter::ChainLog(15), CParameter::MinMatch(6)];

impl ZstdEncoder {
    /// `long` looks for repetitions over 128 MiB, which is as far as every reader looks back by default.
    pub(crate) fn new(level: i32, long: bool) -> Result<Self> {
        if level <= FRAMED_LEVEL && !long {
            return Ok(ZstdEncoder::Framed(Frames::new(level)?));
        }
        let mut encoder = Encoder::new(level).map_err(compress_error)?;
        if long {
            encoder
                .set_parameter(CParameter::EnableLongDistanceMatching(true))
                .map_err(compress_error)?;
        }
        Ok(ZstdEncoder::Whole(encoder))
    }

    /// Whether streams are cut into frames of equal raw length.
    pub(crate) fn is_framed(&self) -> bool {
        matches!(self, ZstdEncoder::Framed(_))
    }

    /// Bytes of memory that an encoder takes, about: measured, and rounded up.
    pub(crate) fn memory(level: i32, long: bool) -> usize {
        let tables = match level {
            ..=FRAMED_LEVEL if !long => 2 * FRAME + (2 << 20),
            ..=9 => 16 << 20,
            10..=15 => 48 << 20,
            16..=19 => 96 << 20,
            20 => 224 << 20,
            21 => 448 << 20,
            _ => 896 << 20,
        };
        tables + if long { 160 << 20 } else { 0 }
    }

    pub(crate) fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        let encoder = match self {
            ZstdEncoder::Framed(frames) => return frames.write(raw, out),
            ZstdEncoder::Whole(encoder) => encoder,
        };
        let mut input = InBuffer::around(raw);
        while input.pos < input.src.len() {
            let room = out.room();
            let filled = room.len();
            let mut output = OutBuffer::around_pos(room, filled);
            encoder
                .run(&mut input, &mut output)
                .map_err(compress_error)?;
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut ChunkCutter) -> Result<()> {
        let encoder = match self {
            ZstdEncoder::Framed(frames) => return frames.finish(out),
            ZstdEncoder::Whole(encoder) => encoder,
        };
        loop {
            let room = out.room();
            let filled = room.len();
            let mut output = OutBuffer::around_pos(room, filled);
            if encoder.finish(&mut output, true).map_err(compress_error)? == 0 {
                break;
            }
        }
        encoder.reinit().map_err(compress_error)
    }
}

/// Frames of equal raw length, but for the last of each stream or piece.
pub(crate) struct Frames {
    encoder: bulk::Compressor<'static>,
    raw: Vec<u8>,
    compressed: Vec<u8>,
    /// Whether the stream or piece has a frame yet. One of no bytes has one too, as when it is made in one go.
    any: bool,
}

impl Frames {
    fn new(level: i32) -> Result<Self> {
        let mut encoder = bulk::Compressor::new(level).map_err(compress_error)?;
        if matches!(level, 0 | 3) {
            for parameter in TUNED {
                encoder.set_parameter(parameter).map_err(compress_error)?;
            }
        }
        Ok(Frames {
            encoder,
            raw: Vec::new(),
            compressed: Vec::new(),
            any: false,
        })
    }

    fn write(&mut self, mut raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        while !raw.is_empty() {
            let (now, later) = raw.split_at(raw.len().min(FRAME - self.raw.len()));
            self.raw.extend_from_slice(now);
            if self.raw.len() == FRAME {
                self.end_frame(out)?;
            }
            raw = later;
        }
        Ok(())
    }

    fn end_frame(&mut self, out: &mut ChunkCutter) -> Result<()> {
        self.compressed.clear();
        self.compressed
            .reserve(zstd::zstd_safe::compress_bound(self.raw.len()));
        self.encoder
            .compress_to_buffer(&self.raw, &mut self.compressed)
            .map_err(compress_error)?;
        self.raw.clear();
        self.any = true;
        out.push(&self.compressed);
        out.cut();
        Ok(())
    }

    fn finish(&mut self, out: &mut ChunkCutter) -> Result<()> {
        if !self.raw.is_empty() || !self.any {
            self.end_frame(out)?;
        }
        self.any = false;
        Ok(())
    }
}

/// Where a decoder stands in the frames of its stream.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Start,
    InFrame,
    FrameEnd,
}

/// Takes the frames of a stream apart, one after the other.
pub(crate) struct ZstdDecoder {
    decoder: Decoder<'static>,
    place: Place,
}

impl ZstdDecoder {
    pub(crate) fn new() -> io::Result<Self> {
        Ok(ZstdDecoder {
            decoder: Decoder::new()?,
            place: Place::Start,
        })
    }

    /// Whether the stream may end here. No frames at all are a stream too: that of no bytes.
    pub(crate) fn between_frames(&self) -> bool {
        self.place != Place::InFrame
    }

    /// Whether the last byte taken was a frame's last.
    pub(crate) fn just_ended(&self) -> bool {
        self.place == Place::FrameEnd
    }

    /// Decompresses as much of `input` as fits `output`, up to the end of a frame.
    pub(crate) fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        let mut input = InBuffer::around(input);
        let mut output = OutBuffer::around(output);
        let hint = self
            .decoder
            .run(&mut input, &mut output)
            .map_err(|error| error.to_string())?;
        let progress = Progress {
            taken: input.pos,
            given: output.pos(),
        };
        if hint == 0 {
            self.place = Place::FrameEnd;
        } else if progress.taken > 0 {
            self.place = Place::InFrame;
        }
        Ok(progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of a table, more than two frames of them.
    fn rows() -> Vec<u8> {
        let rows =
            (0..400_000u32).map(|n| format!("{n}\t{}\tsome row\n", n.wrapping_mul(2_654_435_761)));
        rows.collect::<String>().into_bytes()
    }

    /// A stream as chunks, given in pieces of `step` bytes.
    fn chunks(encoder: &mut ZstdEncoder, raw: &[u8], step: usize) -> Vec<Vec<u8>> {
        let mut out = ChunkCutter::default();
        for piece in raw.chunks(step) {
            encoder.write(piece, &mut out).unwrap();
        }
        encoder.finish(&mut out).unwrap();
        out.cut();
        std::iter::from_fn(|| out.next()).collect()
    }

    #[test]
    fn every_frame_ends_with_a_chunk() {
        let raw = rows();
        for (level, frames) in [(1, 3), (3, 3), (5, 1)] {
            let chunks = chunks(&mut ZstdEncoder::new(level, false).unwrap(), &raw, 1000);
            let bytes = chunks.concat();
            let ends = chunks.iter().scan(0, |end, chunk| {
                *end += chunk.len();
                Some(*end)
            });
            let ends: Vec<usize> = ends.collect();
            let (mut end, mut seen) = (0, 0);
            while end < bytes.len() {
                end += zstd::zstd_safe::find_frame_compressed_size(&bytes[end..]).unwrap();
                seen += 1;
                assert!(
                    ends.contains(&end),
                    "level {level}: frame {seen} ends at {end}"
                );
            }
            assert_eq!(seen, frames, "level {level}");
            assert!(zstd::stream::decode_all(&bytes[..]).unwrap() == raw);
        }
    }

    #[test]
    fn frames_do_not_depend_on_how_the_data_arrives_or_what_came_before() {
        let raw = rows();
        let mut encoder = ZstdEncoder::new(3, false).unwrap();
        let once = chunks(&mut encoder, &raw, 65_536);
        assert_eq!(chunks(&mut encoder, b"", 1).len(), 1);
        assert!(chunks(&mut encoder, &raw, 7_777_777) == once);
    }
}
