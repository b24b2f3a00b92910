//! LZ4 frames.

use std::io::{self, Read, Write};

use lz4_flex::frame::{BlockMode, BlockSize, FrameDecoder, FrameEncoder, FrameInfo};

use crate::{
    Error, Result,
    compression::compress::{ChunkCutter, compress_error},
    format::chunk::ChunkReader,
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
    let info = FrameInfo::new()
        .block_size(BlockSize::Max256KB)
        .block_mode(BlockMode::Independent);
    FrameEncoder::with_frame_info(info, Pending::default())
}

const PUT_BACK: &str = "a decoder is put back wherever one is taken";

/// Takes the frames of a stream apart, one after the other.
pub(crate) struct Lz4Decoder<'a, R: Read> {
    /// `None` only while one decoder is replaced by the next.
    frame: Option<FrameDecoder<ChunkReader<'a, R>>>,
    in_frame: bool,
}

impl<'a, R: Read> Lz4Decoder<'a, R> {
    pub(crate) fn new(chunks: ChunkReader<'a, R>) -> Self {
        Lz4Decoder {
            frame: Some(FrameDecoder::new(chunks)),
            in_frame: false,
        }
    }

    /// The stream's chunks.
    pub(crate) fn chunks(&self) -> &ChunkReader<'a, R> {
        let frame = self.frame.as_ref();
        frame.expect(PUT_BACK).get_ref()
    }

    /// Reads raw bytes; 0 only at the stream's end.
    ///
    /// The library reports "nothing more" alike for the end of a frame, the end of the input between frames, and input
    /// that breaks off between two blocks of a frame. What it asked the input for tells them apart.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        loop {
            let frame = self.frame.as_mut().expect(PUT_BACK);
            let before = frame.get_ref().taken;
            let outcome = frame.read(buffer);
            let chunks = frame.get_ref();
            let (taken, starved) = (chunks.taken - before, chunks.starved);
            let corrupt = |problem: &str| Error::corrupt(chunks.state.position(), problem);
            match outcome {
                Ok(0) if starved && (self.in_frame || taken > 0) => {
                    return Err(corrupt("the compressed stream breaks off"));
                }
                Ok(0) if starved => return Ok(0),
                Ok(0) if taken == 0 => {
                    return Err(corrupt("the decompressor makes no progress"));
                }
                // A new decoder for the next frame: the library sizes its buffers by the first frame it meets.
                Ok(0) => {
                    self.in_frame = false;
                    self.frame = self
                        .frame
                        .take()
                        .map(|frame| FrameDecoder::new(frame.into_inner()));
                }
                Ok(count) => {
                    self.in_frame = true;
                    return Ok(count);
                }
                Err(_) if starved => return Err(corrupt("the compressed stream breaks off")),
                Err(error) => {
                    return Err(match error.downcast::<Error>() {
                        Ok(error) => error,
                        Err(error) => corrupt(&error.to_string()),
                    });
                }
            }
        }
    }
}
