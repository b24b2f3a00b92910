//! A table's rows in pieces, without the line that ends them.

use std::sync::Arc;

use bytes::Bytes;
use pgdumprs_archive::{Error, ROWS_END_MARGIN, find_rows_end, may_follow_rows};

use crate::source::Reading;

/// Bytes of a piece, about.
pub(crate) const PIECE: usize = 128 * 1024;

/// Rows as COPY takes them.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Rows {
    pub(crate) bytes: Bytes,
    /// How many rows end in them.
    pub(crate) count: u64,
    /// Whether the last row ends with them, so that others may follow elsewhere.
    pub(crate) are_whole: bool,
}

/// Why rows could not be read to their end.
#[derive(Debug)]
pub(crate) enum RowsError {
    Archive(Error),
    BreakOff,
    /// The server that they come from, or the connection to it, has failed.
    Source(Arc<pgdumprs_copy::Error>),
    /// Not as many have come as the server says it has sent.
    Miscounted {
        came: u64,
        said: u64,
    },
}

/// Reads rows and hands them to `take`, until that does not want any more. A piece ends where a row does, unless a row is longer than it.
pub(crate) fn read(
    data: &mut Reading<'_>,
    mut take: impl FnMut(Rows) -> bool,
) -> Result<(), RowsError> {
    let mut held = Vec::new();
    let mut at_line_start = true;
    loop {
        let mut bytes = std::mem::take(&mut held);
        let is_read = fill(data, &mut bytes).map_err(RowsError::Archive)?;
        let end = find_rows_end(&bytes, at_line_start);
        if let Some(end) = &end {
            pass(data, bytes.split_off(end.end))?;
            bytes.truncate(end.start);
        } else if is_read {
            return Err(RowsError::BreakOff);
        } else {
            // The last bytes may be the beginning of the end, and what is in front of them that of a row.
            let sure = bytes.len() - ROWS_END_MARGIN;
            let cut = memchr::memrchr(b'\n', &bytes[..sure]).map_or(sure, |end| end + 1);
            held = bytes.split_off(cut);
        }
        at_line_start = bytes.last().map_or(at_line_start, |&last| last == b'\n');
        let count = memchr::memchr_iter(b'\n', &bytes).count() as u64;
        let rows = Rows {
            bytes: bytes.into(),
            count,
            are_whole: at_line_start,
        };
        if (!rows.bytes.is_empty() && !take(rows)) || end.is_some() {
            return Ok(());
        }
    }
}

/// Reads what is behind the line that ends the rows, of which `rest` is read already.
fn pass(data: &mut Reading<'_>, mut rest: Vec<u8>) -> Result<(), RowsError> {
    loop {
        if !may_follow_rows(&rest) {
            return Err(RowsError::BreakOff);
        }
        rest.resize(PIECE, 0);
        let count = data.read_data(&mut rest).map_err(RowsError::Archive)?;
        rest.truncate(count);
        if count == 0 {
            return Ok(());
        }
    }
}

/// Fills a piece behind what it holds already; `true` at the end of the data.
fn fill(data: &mut Reading<'_>, bytes: &mut Vec<u8>) -> Result<bool, Error> {
    let mut length = bytes.len();
    bytes.resize(length.max(PIECE) + ROWS_END_MARGIN + 1, 0);
    while length < bytes.len() {
        match data.read_data(&mut bytes[length..])? {
            0 => {
                bytes.truncate(length);
                return Ok(true);
            }
            count => length += count,
        }
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::source::tests::Pieces;

    /// What a block ends with as a rule.
    const END: &[u8] = b"\\.\n\n\n";

    fn pieces(data: &[u8], step: usize) -> Result<Vec<Rows>, RowsError> {
        let mut pieces = Vec::new();
        let mut data = Pieces::new(data, step);
        read(&mut data, |rows| {
            pieces.push(rows);
            true
        })?;
        Ok(pieces)
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn rows_are_cut_at_their_ends_and_nothing_is_lost(
            lengths in prop::collection::vec(prop_oneof![0..30usize, 0..1000usize, PIECE - 10..PIECE + 10, Just(3 * PIECE)], 0..8),
            step in prop_oneof![100..700usize, Just(1 << 20)],
        ) {
            let rows: Vec<u8> = lengths.iter().flat_map(|&length| [vec![b'x'; length], vec![b'\n']].concat()).collect();
            let pieces = pieces(&[rows.as_slice(), END].concat(), step).unwrap();
            prop_assert_eq!(pieces.iter().map(|piece| piece.count).sum::<u64>(), lengths.len() as u64);
            for piece in &pieces {
                prop_assert!(!piece.bytes.is_empty());
                prop_assert_eq!(piece.are_whole, piece.bytes.ends_with(b"\n"));
                prop_assert!(piece.bytes.len() <= 2 * PIECE + 2);
            }
            let joined: Vec<u8> = pieces.into_iter().flat_map(|piece| piece.bytes).collect();
            prop_assert!(joined == rows);
        }

        #[test]
        fn rows_that_break_off_are_no_rows(length in 1usize..600, cut in 1usize..5) {
            let rows = [b"row\n".repeat(length).as_slice(), b"\\.\n"].concat();
            prop_assert!(pieces(&rows[..rows.len() - cut], 1 << 20).is_err());
        }
    }

    #[test]
    fn the_end_stands_in_a_line_of_its_own() {
        assert!(pieces(b"\\.\n\n\n", 3).unwrap().is_empty());
        assert!(pieces(b"a\\.\n\n\n", 3).is_err());
        assert!(pieces(b"", 3).is_err());
        assert!(pieces(b"\\.\n", 3).unwrap().is_empty());
        assert!(
            pieces(
                &[b"\\.\n".as_slice(), &b"\n".repeat(3 * PIECE)].concat(),
                1 << 20
            )
            .unwrap()
            .is_empty()
        );
        for behind in ["x", "\n\nx", "\\.\n"] {
            assert!(pieces(format!("a\n\\.\n{behind}").as_bytes(), 3).is_err());
        }
        let long = [b"a".repeat(PIECE + 6).as_slice(), END].concat();
        assert!(pieces(&long, 1000).is_err());
    }

    #[test]
    fn whoever_wants_no_more_gets_no_more() {
        let rows = [b"row\n".repeat(PIECE).as_slice(), END].concat();
        let mut count = 0;
        read(&mut Pieces::new(&rows, 1 << 20), |_| {
            count += 1;
            false
        })
        .unwrap();
        assert_eq!(count, 1);
    }
}
