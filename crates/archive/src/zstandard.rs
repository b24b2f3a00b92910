//! Zstandard frames.

use zstd::stream::raw::{Encoder, InBuffer, Operation, OutBuffer};

use crate::{
    Result,
    compress::{ChunkCutter, compress_error},
};

/// Makes one frame a stream or piece. The frame's end is the chunk's end, because `pg_restore` drops what follows a
/// frame's end in the same chunk.
pub(crate) struct ZstdEncoder {
    encoder: Encoder<'static>,
}

impl ZstdEncoder {
    pub(crate) fn new(level: i32) -> Result<Self> {
        Ok(ZstdEncoder { encoder: Encoder::new(level).map_err(compress_error)? })
    }

    pub(crate) fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        let mut input = InBuffer::around(raw);
        while input.pos < input.src.len() {
            let room = out.room();
            let filled = room.len();
            let mut output = OutBuffer::around_pos(room, filled);
            self.encoder.run(&mut input, &mut output).map_err(compress_error)?;
        }
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut ChunkCutter) -> Result<()> {
        loop {
            let room = out.room();
            let filled = room.len();
            let mut output = OutBuffer::around_pos(room, filled);
            if self.encoder.finish(&mut output, true).map_err(compress_error)? == 0 {
                break;
            }
        }
        self.encoder.reinit().map_err(compress_error)
    }
}
