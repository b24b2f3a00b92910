//! What a file is known by: its size and its SHA-256.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use sha2::{Digest, Sha256};

/// Bytes of a file that are read at once.
const PIECE: usize = 1 << 20;

/// A file's size in bytes, and its SHA-256 in hexadecimal digits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FileSum {
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl FileSum {
    /// Reads all of a file.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Self::of_reader(File::open(path)?)
    }

    /// Reads all that there is.
    pub(crate) fn of_reader(mut file: impl Read) -> io::Result<Self> {
        let mut hash = Sha256::new();
        let mut piece = vec![0; PIECE];
        let mut size = 0;
        loop {
            match file.read(&mut piece)? {
                0 => break,
                count => {
                    hash.update(&piece[..count]);
                    size += count as u64;
                }
            }
        }
        let sha256 = hex(&hash.finalize());
        Ok(Self { size, sha256 })
    }
}

/// Bytes in hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
