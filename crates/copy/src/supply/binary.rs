//! COPY's binary format, as a server sends it: rows between a header and a trailer.
//!
//! Rows of several COPYs are loaded by one, so that both are taken away here, and said once by whoever loads.

use bytes::Bytes;

/// What the format begins with: a signature, flags, and the length of an extension of the header that there is not.
pub const BINARY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// What ends the rows: one of -1 columns.
pub const BINARY_TRAILER: &[u8] = b"\xff\xff";

/// Takes header and trailer away from pieces that are cut anywhere.
#[derive(Debug, Default)]
pub(super) struct Stripped {
    /// What may be the end of the rows, or still lacks some of the header.
    held: Bytes,
    has_begun: bool,
}

impl Stripped {
    /// The rows in what was held back before a piece, which is held back now; `None` where it does not begin as the format does.
    pub(super) fn next(&mut self, piece: Bytes) -> Option<Bytes> {
        let before = std::mem::take(&mut self.held);
        if self.has_begun && piece.len() >= BINARY_TRAILER.len() {
            self.held = piece;
            return Some(before);
        }
        self.held = match before.is_empty() {
            true => piece,
            false => Bytes::from([before, piece].concat()),
        };
        if !self.has_begun && self.held.len() >= BINARY_HEADER.len() {
            let header = self.held.split_to(BINARY_HEADER.len());
            if header != BINARY_HEADER {
                return None;
            }
            self.has_begun = true;
        }
        Some(Bytes::new())
    }

    /// The last rows; `None` where they do not end as the format does.
    pub(super) fn end(self) -> Option<Bytes> {
        let rows = self.held.len().checked_sub(BINARY_TRAILER.len())?;
        let ends = self.has_begun && self.held[rows..] == *BINARY_TRAILER;
        ends.then(|| self.held.slice(..rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows in pieces of so many bytes.
    fn stripped(sent: &[u8], cut: usize) -> Option<Vec<u8>> {
        let mut stripped = Stripped::default();
        let mut rows = Vec::new();
        for piece in sent.chunks(cut) {
            rows.extend(stripped.next(Bytes::copy_from_slice(piece))?);
        }
        rows.extend(stripped.end()?);
        Some(rows)
    }

    #[test]
    fn rows_are_left_however_they_arrive() {
        for rows in [
            &b""[..],
            b"\xff\xff",
            b"r",
            b"\xff\xff\xffsome rows\xff\xff\xff",
        ] {
            let sent = [BINARY_HEADER, rows, BINARY_TRAILER].concat();
            for cut in 1..=sent.len() {
                assert_eq!(
                    stripped(&sent, cut).as_deref(),
                    Some(rows),
                    "{rows:?} {cut}"
                );
                assert_ne!(
                    stripped(&sent[..sent.len() - 1], cut).as_deref(),
                    Some(rows)
                );
            }
        }
    }

    #[test]
    fn what_is_no_copy_is_refused() {
        for sent in [
            &b""[..],
            b"1\tone\n",
            b"1\tone\n2\ttwo\n3\tthree\n4\tfour\n\xff\xff",
            BINARY_HEADER,
            &[BINARY_HEADER, b"rows\xff"].concat(),
        ] {
            for cut in 1..=sent.len().max(1) {
                assert_eq!(stripped(sent, cut), None, "{sent:?} {cut}");
            }
        }
    }
}
