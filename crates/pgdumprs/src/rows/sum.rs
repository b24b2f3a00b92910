//! Sums over hashes of rows and large objects, which do not depend on their order.
//!
//! The archive has rows as COPY text and nothing that a server could hash the same way without loading them: so it is the lines of that text that are
//! hashed, here, on both sides.

use bstr::ByteSlice;
use sha2::{Digest, Sha256};

use crate::Checksum;

/// Sums up what comes in pieces.
#[derive(Default)]
pub(crate) struct Sum {
    hash: Sha256,
    total: Checksum,
    has_more: bool,
    /// The fields of a line that are hashed, in this order, where those are not all as they stand.
    fields: Option<Vec<usize>>,
    /// The line so far: where fields of it are wanted all of it, and else its first bytes.
    line: Vec<u8>,
    /// The line that ends the rows has gone by.
    has_ended: bool,
    /// Whether the lines are those of statements, among which none ends the rest.
    are_statements: bool,
}

/// The line behind a table's rows in an archive: no row's text is that.
const END: &[u8] = b"\\.";

impl Sum {
    /// A sum of lines of which these fields are hashed.
    pub(crate) fn of_fields(fields: Option<Vec<usize>>) -> Self {
        Self {
            fields,
            ..Self::default()
        }
    }

    /// A sum of lines of statements, in whose literals any line may stand.
    pub(crate) fn of_statements() -> Self {
        Self {
            are_statements: true,
            ..Self::default()
        }
    }

    /// Takes some lines, or parts of such, up to the line that ends the rows, if there is one.
    pub(crate) fn lines(&mut self, mut text: &[u8]) {
        while let Some(end) = text.find_byte(b'\n').filter(|_| !self.has_ended) {
            self.part(&text[..end]);
            self.end_line();
            text = &text[end + 1..];
        }
        if !self.has_ended {
            self.part(text);
            self.has_more |= !text.is_empty();
        }
    }

    /// Takes a part of a line.
    fn part(&mut self, part: &[u8]) {
        match self.fields {
            Some(_) => self.line.extend_from_slice(part),
            None => {
                // One byte more than the end has tells it from others.
                let room = (END.len() + 1).saturating_sub(self.line.len());
                self.line.extend_from_slice(&part[..part.len().min(room)]);
                self.hash.update(part);
            }
        }
    }

    fn end_line(&mut self) {
        if self.line == END && !self.are_statements {
            self.hash.reset();
            (self.has_ended, self.has_more) = (true, false);
            return;
        }
        if let Some(fields) = &self.fields {
            let found: Vec<&[u8]> = self.line.split(|&byte| byte == b'\t').collect();
            for (at, &field) in fields.iter().enumerate() {
                if at > 0 {
                    self.hash.update(b"\t");
                }
                self.hash.update(found.get(field).unwrap_or(&&b""[..]));
            }
        }
        self.line.clear();
        self.end_item();
    }

    /// Takes a part of what is being hashed.
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.hash.update(bytes);
        self.has_more |= !bytes.is_empty();
    }

    /// Ends what is being hashed, and returns the beginning of its hash.
    pub(crate) fn end_item(&mut self) -> u64 {
        let hash = self.hash.finalize_reset();
        let mut first = [0; 8];
        first.copy_from_slice(&hash[..8]);
        self.total.count += 1;
        self.total.sum = self
            .total
            .sum
            .wrapping_add(i64::from_be_bytes(first).into());
        self.has_more = false;
        u64::from_be_bytes(first)
    }

    /// The sum of what has ended, and of a last line without an end.
    pub(crate) fn total(mut self) -> Checksum {
        if self.has_more {
            self.end_line();
        }
        self.total
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sum_of(fields: Option<&[usize]>, pieces: &[&str]) -> Checksum {
        let mut sum = Sum::of_fields(fields.map(<[usize]>::to_vec));
        for piece in pieces {
            sum.lines(piece.as_bytes());
        }
        sum.total()
    }

    fn sum(pieces: &[&str]) -> Checksum {
        sum_of(None, pieces)
    }

    #[test]
    fn neither_order_nor_pieces_matter() {
        assert_eq!(sum(&["a\nb\n\n"]), sum(&["\nb", "", "\na", "\n"]));
        assert_eq!(sum(&["a\n"]).count, 1);
        assert_ne!(sum(&["a\nb\n"]), sum(&["a\na\n"]));
        assert_ne!(sum(&["a\nb\n"]), sum(&["ab\n\n"]));
        assert_eq!(sum(&[]), Checksum::default());
    }

    #[test]
    fn what_is_behind_the_rows_is_none() {
        assert_eq!(sum(&["a\n\\", ".\n\n", "\n"]), sum(&["a\n"]));
        assert_eq!(sum(&["\\.\n\n\n"]), sum(&[]));
        assert_eq!(sum(&["\\.a\n\\\\.\n"]).count, 2);
        assert_eq!(sum_of(Some(&[0]), &["a\tb\n\\.\n\n\n"]), sum(&["a\n"]));
    }

    #[test]
    fn a_literal_in_a_statement_ends_nothing() {
        let mut sum = Sum::of_statements();
        sum.lines(b"INSERT 'a\n\\.\nb';\n");
        assert_eq!(sum.total().count, 3);
    }

    #[test]
    fn fields_are_taken_in_the_order_that_is_asked_for() {
        assert_eq!(
            sum_of(Some(&[2, 0]), &["a\tb\tc", "\nd\te", "\tf\n"]),
            sum(&["c\ta\nf\td\n"])
        );
        assert_eq!(sum_of(Some(&[]), &["a\n", "b\n"]), sum(&["\n\n"]));
        assert_eq!(sum_of(Some(&[1]), &["a"]).count, 1);
    }
}
