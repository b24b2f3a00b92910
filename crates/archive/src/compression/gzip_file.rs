//! Files of gzip, as the program of that name makes them.

use flate2::{Decompress, FlushDecompress, Status};

use crate::compression::decompress::Progress;

/// The largest window there is, as a power of two.
const WINDOW_BITS: u8 = 15;

/// Takes the members of a file apart, one after the other: such files may be joined end to end.
pub(crate) struct GzipFileDecoder {
    inflate: Decompress,
    ended: bool,
}

impl GzipFileDecoder {
    pub(crate) fn new() -> Self {
        GzipFileDecoder {
            inflate: Decompress::new_gzip(WINDOW_BITS),
            ended: false,
        }
    }

    /// Whether the file may end here. It has one member at least.
    pub(crate) fn between_members(&self) -> bool {
        self.ended
    }

    /// Decompresses as much of `input` as fits `output`, up to the end of a member. The library compares its checksum.
    pub(crate) fn run(&mut self, input: &[u8], output: &mut [u8]) -> Result<Progress, String> {
        if self.ended && !input.is_empty() {
            *self = Self::new();
        }
        let (in_before, out_before) = (self.inflate.total_in(), self.inflate.total_out());
        let status = self
            .inflate
            .decompress(input, output, FlushDecompress::None)
            .map_err(|error| error.to_string())?;
        self.ended |= status == Status::StreamEnd;
        Ok(Progress {
            taken: (self.inflate.total_in() - in_before) as usize,
            given: (self.inflate.total_out() - out_before) as usize,
        })
    }
}
