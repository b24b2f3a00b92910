//! The integers, texts and offsets everything in an archive is made of, as bytes.
//!
//! Reading them is [`Source`](crate::reader::source::Source)'s part.

use crate::format::toc::DataOffset;

/// Bytes of an integer's magnitude. Every `pg_dump` that writes a supported version writes 4.
pub(crate) const INT_SIZE: u8 = 4;
/// Bytes of an offset, behind its state byte.
pub(crate) const OFFSET_SIZE: u8 = 8;

/// An integer: a sign byte, then the magnitude, lowest byte first.
pub(crate) fn int(value: i32) -> [u8; 5] {
    let magnitude = value.unsigned_abs().to_le_bytes();
    [
        u8::from(value < 0),
        magnitude[0],
        magnitude[1],
        magnitude[2],
        magnitude[3],
    ]
}

/// Appends an integer.
pub(crate) fn put_int(out: &mut Vec<u8>, value: i32) {
    out.extend_from_slice(&int(value));
}

/// Appends a text: its length and its bytes, or -1 for NULL.
///
/// The caller has checked that the length fits an `i32`.
pub(crate) fn put_text(out: &mut Vec<u8>, text: Option<&[u8]>) {
    match text {
        None => put_int(out, -1),
        Some(bytes) => {
            let length =
                i32::try_from(bytes.len()).expect("a text's length was checked to fit an int");
            put_int(out, length);
            out.extend_from_slice(bytes);
        }
    }
}

/// An offset: its state, then 8 bytes, lowest first; zeros unless the state says it is set.
pub(crate) fn offset(value: DataOffset) -> [u8; 9] {
    let (state, position) = match value {
        DataOffset::Unset => (1, 0),
        DataOffset::Set(position) => (2, position),
        DataOffset::NoData => (3, 0),
    };
    let mut bytes = [0; 9];
    bytes[0] = state;
    bytes[1..].copy_from_slice(&position.to_le_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_have_a_sign_byte_and_a_little_endian_magnitude() {
        assert_eq!(int(0), [0, 0, 0, 0, 0]);
        assert_eq!(int(258), [0, 2, 1, 0, 0]);
        assert_eq!(int(-1), [1, 1, 0, 0, 0]);
        assert_eq!(int(i32::MAX), [0, 255, 255, 255, 127]);
        assert_eq!(int(i32::MIN), [1, 0, 0, 0, 128]);
        // A large object's oid above the range of i32.
        assert_eq!(
            int(4_000_000_001_u32.cast_signed()),
            [1, 0xff, 0xd7, 0x94, 0x11]
        );
    }

    #[test]
    fn null_is_not_empty() {
        let mut out = Vec::new();
        put_text(&mut out, None);
        put_text(&mut out, Some(b""));
        put_text(&mut out, Some(b"ab"));
        assert_eq!(
            out,
            [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, b'a', b'b']
        );
    }

    #[test]
    fn offsets_carry_their_state() {
        assert_eq!(offset(DataOffset::Unset), [1, 0, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(offset(DataOffset::Set(0x0102)), [2, 2, 1, 0, 0, 0, 0, 0, 0]);
        assert_eq!(offset(DataOffset::NoData), [3, 0, 0, 0, 0, 0, 0, 0, 0]);
    }
}
