//! Rows of an OID and bytes in COPY's binary format, as they arrive.

use bytes::{Buf, Bytes, BytesMut};

/// What the format begins with: a signature, flags, and the length of an extension of the header that there is not.
const HEADER: &[u8; 19] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// A row but for its bytes: two columns, an OID of four bytes, and the length of the bytes.
const ROW_HEAD: usize = 2 + 4 + 4 + 4;

/// A reader of rows out of pieces that are cut anywhere.
#[derive(Debug, Default)]
pub(crate) struct BinaryRows {
    unread: BytesMut,
    begun: bool,
}

impl BinaryRows {
    /// Takes what has arrived.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.unread.extend_from_slice(piece);
    }

    /// Checks that nothing has come after the rows but what ends them: a row of -1 columns.
    pub(crate) fn finish(&self) -> Result<(), String> {
        if self.begun && self.unread[..] == [0xff, 0xff] {
            Ok(())
        } else {
            Err(format!(
                "the answer ends with {} bytes that are no row",
                self.unread.len()
            ))
        }
    }

    /// The next row that is complete; an error is what is wrong with it.
    pub(crate) fn next_row(&mut self) -> Result<Option<(u32, Bytes)>, String> {
        if !self.begun {
            if self.unread.len() < HEADER.len() {
                return Ok(None);
            }
            if self.unread.split_to(HEADER.len()) != HEADER[..] {
                return Err("the answer does not begin as a binary COPY does".to_owned());
            }
            self.begun = true;
        }
        // The end of the rows is a row of -1 columns, two bytes long.
        if self.unread.len() < ROW_HEAD {
            return Ok(None);
        }
        let mut head = &self.unread[..ROW_HEAD];
        let (columns, oid_length, oid) = (head.get_i16(), head.get_i32(), head.get_u32());
        let length = head.get_i32();
        if columns != 2 || oid_length != 4 {
            return Err(format!(
                "a row of {columns} columns came, the first of {oid_length} bytes"
            ));
        }
        let length = usize::try_from(length).map_err(|_| "it is NULL".to_owned())?;
        if self.unread.len() - ROW_HEAD < length {
            return Ok(None);
        }
        self.unread.advance(ROW_HEAD);
        Ok(Some((oid, self.unread.split_to(length).freeze())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(oid: u32, bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).unwrap();
        let parts: [&[u8]; 5] = [
            &2u16.to_be_bytes(),
            &4u32.to_be_bytes(),
            &oid.to_be_bytes(),
            &length.to_be_bytes(),
            bytes,
        ];
        parts.concat()
    }

    #[test]
    fn rows_come_whole_however_they_arrive() {
        let all = [
            HEADER.to_vec(),
            row(7, b"seven"),
            row(8, b""),
            vec![0xff, 0xff],
        ]
        .concat();
        for cut in 1..=all.len() {
            let mut rows = BinaryRows::default();
            let mut found = Vec::new();
            for piece in all.chunks(cut) {
                rows.push(piece);
                while let Some((oid, bytes)) = rows.next_row().unwrap() {
                    found.push((oid, bytes.to_vec()));
                }
            }
            rows.finish().unwrap();
            assert_eq!(
                found,
                [(7, b"seven".to_vec()), (8, vec![])],
                "cut every {cut} bytes"
            );
        }
    }

    #[test]
    fn another_answer_is_refused() {
        let mut rows = BinaryRows::default();
        rows.push(b"this is text and no binary copy");
        rows.next_row().unwrap_err();
        let mut rows = BinaryRows::default();
        rows.push(HEADER);
        rows.push(&[0, 3, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 0]);
        assert!(rows.next_row().unwrap_err().contains("3 columns"));
        let mut rows = BinaryRows::default();
        rows.push(HEADER);
        rows.push(&[0, 2, 0, 0, 0, 4, 0, 0, 0, 1, 0xff, 0xff, 0xff, 0xff]);
        rows.next_row().unwrap_err();
    }
}
