//! A payload's chunks.

use std::io;

use chacha20poly1305::aead::AeadInPlace;
use chacha20poly1305::{ChaCha20Poly1305, KeyInit};

/// Bytes of a chunk, before it is encrypted. The last one may have fewer.
pub(crate) const CHUNK: usize = 64 << 10;
/// Bytes that encryption adds to each.
pub(crate) const TAG: usize = 16;

/// Encrypts chunks. A number must be used for one text only: whoever got two encrypted under the same would learn what both differ in.
pub(crate) struct Cipher(ChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &[u8; 32]) -> Self {
        Self(ChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts the chunk of this number, in place, and adds its tag.
    pub(crate) fn seal(&self, number: u64, is_last: bool, chunk: &mut Vec<u8>) -> io::Result<()> {
        let mut nonce = [0; 12];
        nonce[3..11].copy_from_slice(&number.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.0
            .encrypt_in_place(&nonce.into(), &[], chunk)
            .map_err(|_| io::Error::other("a chunk is too long to be encrypted"))
    }
}
