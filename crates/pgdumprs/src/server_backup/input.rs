//! Reading a file of a server's dump, and summing what is read.

use std::io::{self, Read};
use std::sync::{Arc, Mutex, PoisonError};

use sha2::{Digest, Sha256};

use super::manifest::ManifestFile;
use crate::file_sum::hex;

/// Bytes that are read at once, of what is left.
const PIECE: usize = 1 << 20;

/// A file or an object, front to back.
pub(crate) struct Input {
    bytes: Box<dyn Read + Send>,
    size: u64,
}

impl Input {
    pub(super) fn new(bytes: impl Read + Send + 'static, size: u64) -> Self {
        let bytes = Box::new(bytes);
        Self { bytes, size }
    }

    /// Its size in bytes, as it was when it was opened.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Sums what is read of it, as the manifest has it.
    pub(super) fn summing(self, file: &ManifestFile) -> Summing {
        let has_size = self.size == file.size;
        Summing(Arc::new(Mutex::new(State {
            input: self,
            pieces: file.pieces().collect(),
            at: 0,
            left: 0,
            sum: Sha256::new(),
            is_same: has_size,
        })))
    }
}

impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.bytes.read(buffer)
    }
}

/// A file that is summed while it is read. A clone of it reads on where the other one stands, so that one may be given away.
#[derive(Clone)]
pub(super) struct Summing(Arc<Mutex<State>>);

struct State {
    input: Input,
    /// Sizes and sums, front to back.
    pieces: Vec<(u64, String)>,
    /// The piece that is read, and what is left of it.
    at: usize,
    left: u64,
    sum: Sha256,
    /// Whether everything until here is as it must be.
    is_same: bool,
}

impl Summing {
    /// Reads what is left, and says whether the whole has its size and its sums.
    pub(super) fn ends_same(mut self) -> io::Result<bool> {
        let mut piece = vec![0; PIECE];
        while self.with(|state| state.is_same) && self.read(&mut piece)? > 0 {}
        Ok(self.with(|state| state.is_same && state.at == state.pieces.len()))
    }

    fn with<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Read for Summing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.with(|state| state.read(buffer))
    }
}

impl State {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.input.read(buffer)?;
        self.add(&buffer[..count]);
        Ok(count)
    }

    fn add(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some((size, expected)) = self.pieces.get(self.at) else {
                self.is_same = false;
                return;
            };
            if self.left == 0 {
                self.left = *size;
            }
            let count = bytes
                .len()
                .min(usize::try_from(self.left).unwrap_or(usize::MAX));
            let (now, later) = bytes.split_at(count);
            self.sum.update(now);
            self.left -= count as u64;
            bytes = later;
            if self.left == 0 {
                self.is_same &= hex(&self.sum.finalize_reset()) == *expected;
                self.at += 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_backup::manifest::ManifestPiece;

    fn sum(bytes: &[u8]) -> String {
        hex(&Sha256::digest(bytes))
    }

    fn ends_same(file: &ManifestFile, bytes: &'static [u8]) -> bool {
        let input = Input::new(bytes, bytes.len() as u64);
        let mut summing = input.summing(file);
        // Some of it is read by somebody else.
        summing.clone().read_exact(&mut [0; 3]).unwrap();
        let _ = summing.read(&mut [0; 2]).unwrap();
        summing.ends_same().unwrap()
    }

    #[test]
    fn what_is_read_is_summed_piece_by_piece() {
        let piece = |bytes: &[u8]| ManifestPiece {
            size: bytes.len() as u64,
            sha256: sum(bytes),
        };
        let whole = ManifestFile {
            file: "x".to_owned(),
            size: 10,
            sha256: Some(sum(b"0123456789")),
            pieces: Vec::new(),
        };
        let in_pieces = ManifestFile {
            sha256: None,
            pieces: vec![piece(b"0123"), piece(b"456789")],
            ..whole.clone()
        };
        for file in [whole, in_pieces] {
            assert!(ends_same(&file, b"0123456789"));
            for other in [
                &b"0123456780"[..],
                b"0023456789",
                b"012345678",
                b"0123456789x",
            ] {
                assert!(!ends_same(&file, other), "{other:?}");
            }
        }
    }
}
