//! Sums over hashes of rows and large objects, which do not depend on their order.
//!
//! The archive has rows as COPY text and nothing that a server could hash the same way without loading them: so it is the lines of that text that are
//! hashed, here, on both sides.

use sha2::{Digest, Sha256};

use crate::Checksum;

/// Sums up what comes in pieces.
#[derive(Default)]
pub(super) struct Sum {
    hash: Sha256,
    total: Checksum,
    has_more: bool,
}

impl Sum {
    /// Takes some lines, or parts of such.
    pub(super) fn lines(&mut self, mut text: &[u8]) {
        while let Some(end) = text.iter().position(|&byte| byte == b'\n') {
            self.hash.update(&text[..end]);
            self.end_item();
            text = &text[end + 1..];
        }
        self.bytes(text);
    }

    /// Takes a part of what is being hashed.
    pub(super) fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.has_more |= !bytes.is_empty();
    }

    /// Ends what is being hashed.
    pub(super) fn end_item(&mut self) {
        let hash = self.hash.finalize_reset();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        self.total.count += 1;
        self.total.sum = self
            .total
            .sum
            .wrapping_add(i64::from_be_bytes(first).into());
        self.has_more = false;
    }

    /// The sum of what has ended, and of a last line without an end.
    pub(super) fn total(mut self) -> Checksum {
        if self.has_more {
            self.end_item();
        }
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum(pieces: &[&str]) -> Checksum {
        let mut sum = Sum::default();
        for piece in pieces {
            sum.lines(piece.as_bytes());
        }
        sum.total()
    }

    #[test]
    fn neither_order_nor_pieces_matter() {
        assert_eq!(sum(&["a\nb\n\n"]), sum(&["\nb", "", "\na", "\n"]));
        assert_eq!(sum(&["a\n"]).count, 1);
        assert_ne!(sum(&["a\nb\n"]), sum(&["a\na\n"]));
        assert_ne!(sum(&["a\nb\n"]), sum(&["ab\n\n"]));
        assert_eq!(sum(&[]), Checksum::default());
    }
}
