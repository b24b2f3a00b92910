//! The content of large objects, as calls of the server's functions.

/// The mode in which large objects are opened: for writing.
const INV_WRITE: u32 = 0x20000;

/// So many bytes are written by one call.
const PIECE: usize = 16384;

/// Puts the content of one large object into words, as it comes.
#[derive(Debug)]
pub struct LargeObjectText {
    /// What belongs into the next call.
    held: Vec<u8>,
    standard_strings: bool,
}

impl LargeObjectText {
    /// Appends the call that opens the large object.
    pub(crate) fn begin(oid: u32, standard_strings: bool, out: &mut Vec<u8>) -> Self {
        let open = format!("SELECT pg_catalog.lo_open('{oid}', {INV_WRITE});\n");
        out.extend_from_slice(open.as_bytes());
        LargeObjectText {
            held: Vec::with_capacity(PIECE),
            standard_strings,
        }
    }

    /// Takes some bytes of the content and appends the calls that are full.
    pub fn push(&mut self, mut content: &[u8], out: &mut Vec<u8>) {
        while self.held.len() + content.len() > PIECE {
            let (head, tail) = content.split_at(PIECE - self.held.len());
            self.held.extend_from_slice(head);
            self.push_call(out);
            content = tail;
        }
        self.held.extend_from_slice(content);
    }

    /// Appends the last call and the one that closes the large object.
    pub fn end(mut self, out: &mut Vec<u8>) {
        if !self.held.is_empty() {
            self.push_call(out);
        }
        out.extend_from_slice(b"SELECT pg_catalog.lo_close(0);\n\n");
    }

    fn push_call(&mut self, out: &mut Vec<u8>) {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        out.extend_from_slice(b"SELECT pg_catalog.lowrite(0, '");
        out.extend_from_slice(if self.standard_strings {
            b"\\x"
        } else {
            b"\\\\x"
        });
        for byte in self.held.drain(..) {
            out.push(DIGITS[usize::from(byte >> 4)]);
            out.push(DIGITS[usize::from(byte & 15)]);
        }
        out.extend_from_slice(b"');\n");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(pieces: &[usize], standard_strings: bool) -> Vec<usize> {
        let mut out = Vec::new();
        let mut text = LargeObjectText::begin(7, standard_strings, &mut out);
        for &length in pieces {
            text.push(&vec![0xa5; length], &mut out);
        }
        text.end(&mut out);
        let out = String::from_utf8(out).unwrap();
        let calls = out
            .lines()
            .filter_map(|line| line.strip_prefix("SELECT pg_catalog.lowrite(0, '"));
        let start = if standard_strings { "\\x" } else { "\\\\x" };
        let contents = calls.map(|call| {
            call.strip_prefix(start)
                .unwrap()
                .strip_suffix("');")
                .unwrap()
        });
        contents
            .inspect(|content| assert!(content.as_bytes().chunks(2).all(|byte| byte == b"a5")))
            .map(|content| content.len() / 2)
            .collect()
    }

    #[test]
    fn calls_are_as_full_as_can_be() {
        assert_eq!(written(&[], true), []);
        assert_eq!(written(&[1, 2], false), [3]);
        assert_eq!(written(&[PIECE], true), [PIECE]);
        assert_eq!(written(&[PIECE - 1, 2], true), [PIECE, 1]);
        assert_eq!(written(&[3 * PIECE + 5], true), [PIECE, PIECE, PIECE, 5]);
    }
}
