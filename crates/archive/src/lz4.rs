//! LZ4 frames.

use std::io::{self, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameEncoder, FrameInfo};

use crate::{
    Result,
    compress::{ChunkCutter, compress_error},
};

/// Makes one frame a stream or piece.
#[derive(Default)]
pub(crate) struct Lz4Encoder {
    /// The frame being written; an encoder makes one frame and is then replaced.
    frame: Option<FrameEncoder<Pending>>,
}

/// Where an encoder leaves its bytes until they are cut into chunks.
#[derive(Default)]
struct Pending(Vec<u8>);

impl Write for Pending {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lz4Encoder {
    pub(crate) fn write(&mut self, raw: &[u8], out: &mut ChunkCutter) -> Result<()> {
        let frame = self.frame.get_or_insert_with(new_frame);
        frame.write_all(raw).map_err(compress_error)?;
        let pending = &mut frame.get_mut().0;
        out.push(pending);
        pending.clear();
        Ok(())
    }

    pub(crate) fn finish(&mut self, out: &mut ChunkCutter) -> Result<()> {
        let frame = self.frame.take().unwrap_or_else(new_frame);
        let pending = frame.finish().map_err(compress_error)?;
        out.push(&pending.0);
        Ok(())
    }
}

fn new_frame() -> FrameEncoder<Pending> {
    // The size is given because the encoder would else take it from the length of the first write, and the archive's
    // bytes are not to depend on how its data happened to arrive.
    let info = FrameInfo::new().block_size(BlockSize::Max256KB).block_mode(BlockMode::Independent);
    FrameEncoder::with_frame_info(info, Pending::default())
}
