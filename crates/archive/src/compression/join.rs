//! Joins pieces that were compressed apart into one stream.

use zlib_rs::adler32::adler32_combine;

use crate::{
    Compression, Piece,
    compression::gzip::{ADLER_START, stream_head},
};

/// The last block of a deflate stream: final, of fixed codes, empty.
const LAST_BLOCK: [u8; 2] = [0x03, 0x00];

/// What must stand before and behind pieces made by [`Compressor::for_pieces`](crate::Compressor::for_pieces) so that
/// they are one stream together.
///
/// Write the [`head`](Self::head), if any, then each piece's chunks in order, telling the join of each piece by
/// [`add`](Self::add), then the [`tail`](Self::tail), if any. All of them are chunk payloads. The bytes do not depend on
/// who made the pieces and when, only on where the data was cut.
#[derive(Clone, Debug)]
pub struct PieceJoin {
    compression: Compression,
    adler32: u32,
}

impl PieceJoin {
    /// A join of no pieces yet.
    pub fn new(compression: Compression) -> Self {
        PieceJoin {
            compression,
            adler32: ADLER_START,
        }
    }

    /// The payload of the chunk before the first piece.
    pub fn head(&self) -> Option<Vec<u8>> {
        match self.compression {
            Compression::Gzip { level } => Some(stream_head(level).to_vec()),
            _ => None,
        }
    }

    /// Notes that `piece` follows the pieces noted so far.
    pub fn add(&mut self, piece: &Piece) {
        self.adler32 = adler32_combine(self.adler32, piece.adler32, piece.raw_length);
    }

    /// The payload of the chunk behind the last piece.
    pub fn tail(&self) -> Option<Vec<u8>> {
        match self.compression {
            Compression::Gzip { .. } => {
                Some([&LAST_BLOCK[..], &self.adler32.to_be_bytes()].concat())
            }
            _ => None,
        }
    }
}
