//! Zstandard frames.

use std::io;

use zstd::stream::raw::{CParameter, Decoder, Encoder, InBuffer, Operation, OutBuffer};

use crate::{
    Result,
    compress::{ChunkCutter, compress_error},
    decompress::Progress,
};

/// Makes one frame a stream or piece. The frame's end is the chunk's end, because `pg_restore` drops what follows a
/// frame's end in the same chunk.
pub(crate) struct ZstdEncoder {
    encoder: Encoder<'static>,
}

impl ZstdEncoder {
    /// `long` looks for repetitions over 128 MiB, which is as far as every reader looks back by default.
    pub(crate) fn new(level: i32, long: bool) -> Result<Self> {
        let mut encoder = Encoder::new(level).map_err(compress_error)?;
        if long {
            encoder
                .set_parameter(CParameter::EnableLongDistanceMatching(true))
                .map_err(compress_error)?;
        }
        Ok(ZstdEncoder { encoder })
    }

    pub(crate) fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        let mut input = InBuffer::around(raw);
        while input.pos < input.src.len() {
            let room = out.room();
            let filled = room.len();
            let mut output = OutBuffer::around_pos(room, filled);
            self.encoder
                .run(&mut input, &mut output)
                .map_err(compress_error)?;
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut ChunkCutter) -> Result<()> {
        loop {
            let room = out.room();
            let filled = room.len();
            let mut output = OutBuffer::around_pos(room, filled);
            if self
                .encoder
                .finish(&mut output, true)
                .map_err(compress_error)?
                == 0
            {
                break;
            }
        }
        self.encoder.reinit().map_err(compress_error)
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
