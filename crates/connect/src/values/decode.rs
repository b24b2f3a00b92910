//! Values from the text form of cells.

use bstr::{BStr, BString, ByteSlice};

use crate::values::array::parse_vector;

/// Longest piece of an offending cell that an error repeats, in bytes.
const SHOWN: usize = 60;

/// A result that is not what the caller asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct DecodeError {
    message: String,
}

impl DecodeError {
    pub(crate) fn no_column(name: &str) -> Self {
        DecodeError {
            message: format!("the result has no column {name:?}"),
        }
    }

    pub(crate) fn not_one_row(count: usize) -> Self {
        DecodeError {
            message: format!("the result has {count} rows where one was expected"),
        }
    }

    pub(crate) fn cell(name: &BStr, row: usize, expected: &str, cell: Option<&BStr>) -> Self {
        let found = match cell {
            None => "NULL".to_owned(),
            Some(text) if text.len() > SHOWN => format!("{:?}…", text[..SHOWN].as_bstr()),
            Some(text) => format!("{text:?}"),
        };
        DecodeError {
            message: format!("column {name:?} of row {row} is not {expected}: {found}"),
        }
    }
}

/// A type that the text form of a cell can be read as.
pub trait FromCell<'a>: Sized {
    /// What the text has to be, with its article, for errors.
    const EXPECTED: &'static str;

    /// Reads a cell; `None` as the argument is a NULL, `None` as the result means that the cell is
    /// no such value.
    fn from_cell(cell: Option<&'a BStr>) -> Option<Self>;
}

impl<'a, T: FromCell<'a>> FromCell<'a> for Option<T> {
    const EXPECTED: &'static str = T::EXPECTED;

    fn from_cell(cell: Option<&'a BStr>) -> Option<Self> {
        match cell {
            None => Some(None),
            cell => T::from_cell(cell).map(Some),
        }
    }
}

impl<'a> FromCell<'a> for &'a BStr {
    const EXPECTED: &'static str = "a text";

    fn from_cell(cell: Option<&'a BStr>) -> Option<Self> {
        cell
    }
}

impl FromCell<'_> for BString {
    const EXPECTED: &'static str = "a text";

    fn from_cell(cell: Option<&BStr>) -> Option<Self> {
        cell.map(BStr::to_owned)
    }
}

impl FromCell<'_> for bool {
    const EXPECTED: &'static str = "a boolean";

    fn from_cell(cell: Option<&BStr>) -> Option<Self> {
        match cell?.as_bytes() {
            b"t" => Some(true),
            b"f" => Some(false),
            _ => None,
        }
    }
}

/// The type `"char"`: one byte. The server writes zero as an empty text and a byte above 127 as `\`
/// and three octal digits (before version 16 as itself).
impl FromCell<'_> for u8 {
    const EXPECTED: &'static str = "a \"char\"";

    fn from_cell(cell: Option<&BStr>) -> Option<Self> {
        match *cell?.as_bytes() {
            [] => Some(0),
            [byte] => Some(byte),
            [b'\\', a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7'] => {
                Some((a - b'0') * 64 + (b - b'0') * 8 + (c - b'0'))
            }
            _ => None,
        }
    }
}

macro_rules! numbers {
    ($($type:ty: $expected:literal),* $(,)?) => {
        $(impl FromCell<'_> for $type {
            const EXPECTED: &'static str = $expected;

            fn from_cell(cell: Option<&BStr>) -> Option<Self> {
                cell?.to_str().ok()?.parse().ok()
            }
        })*
    };
}

numbers! {
    i16: "a 2-byte integer",
    i32: "a 4-byte integer",
    i64: "an 8-byte integer",
    u32: "an oid",
    u64: "an unsigned 8-byte integer",
    f32: "a 4-byte float",
    f64: "an 8-byte float",
}

macro_rules! number_lists {
    ($($type:ty: $expected:literal),* $(,)?) => {
        $(
            /// An array of numbers without NULLs, or the space-separated form of `oidvector` and
            /// `int2vector`.
            impl FromCell<'_> for Vec<$type> {
                const EXPECTED: &'static str = $expected;

                fn from_cell(cell: Option<&BStr>) -> Option<Self> {
                    parse_vector(cell?)
                }
            }
        )*
    };
}

number_lists! {
    i16: "a list of 2-byte integers",
    i32: "a list of 4-byte integers",
    i64: "a list of 8-byte integers",
    u32: "a list of oids",
}

/// The bytes of a `bytea` cell, from its hex form (`bytea_output` must be `hex`, the server's
/// default).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bytea(pub Vec<u8>);

impl FromCell<'_> for Bytea {
    const EXPECTED: &'static str = "a bytea in hex form";

    fn from_cell(cell: Option<&BStr>) -> Option<Self> {
        let digits = cell?.strip_prefix(b"\\x")?;
        let pairs = digits.chunks_exact(2);
        if !pairs.remainder().is_empty() {
            return None;
        }
        let value = |digit: u8| char::from(digit).to_digit(16);
        let bytes = pairs.map(|pair| Some((value(pair[0])? * 16 + value(pair[1])?) as u8));
        bytes.collect::<Option<Vec<u8>>>().map(Bytea)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell<'a, T: FromCell<'a>>(text: &'a str) -> Option<T> {
        T::from_cell(Some(text.into()))
    }

    #[test]
    fn scalars() {
        assert_eq!(cell::<u32>("4294967295"), Some(u32::MAX));
        assert_eq!(cell::<i16>("-1"), Some(-1));
        assert_eq!(cell::<i32>("x"), None);
        assert_eq!(cell::<i32>(""), None);
        assert_eq!(cell::<i64>("-9223372036854775808"), Some(i64::MIN));
        assert_eq!(cell::<f32>("-1"), Some(-1.0));
        assert_eq!(cell::<f64>("Infinity"), Some(f64::INFINITY));
        assert_eq!(cell::<bool>("t"), Some(true));
        assert_eq!(cell::<bool>("f"), Some(false));
        assert_eq!(cell::<bool>("true"), None);
        assert_eq!(cell::<BString>("a b"), Some("a b".into()));
        assert_eq!(cell::<u8>("r"), Some(b'r'));
        assert_eq!(cell::<u8>(""), Some(0));
        assert_eq!(cell::<u8>("\\377"), Some(255));
        assert_eq!(cell::<u8>("ab"), None);
        assert_eq!(cell::<Bytea>("\\x00fF10"), Some(Bytea(vec![0, 255, 16])));
        assert_eq!(cell::<Bytea>("\\x0"), None);
        assert_eq!(cell::<Bytea>("\\x0g"), None);
    }

    #[test]
    fn nulls_need_an_option() {
        assert_eq!(<Option<u32>>::from_cell(None), Some(None));
        assert_eq!(<Option<u32>>::from_cell(Some("7".into())), Some(Some(7)));
        assert_eq!(<Option<u32>>::from_cell(Some("x".into())), None);
        assert_eq!(u32::from_cell(None), None);
        assert_eq!(<&BStr>::from_cell(None), None);
    }

    #[test]
    fn errors_name_the_column_and_shorten_the_text() {
        let long = "x".repeat(1000);
        let error = DecodeError::cell("oid".into(), 3, "an oid", Some(long.as_str().into()));
        assert!(
            error
                .to_string()
                .starts_with("column \"oid\" of row 3 is not an oid: \"xxx")
        );
        assert!(error.to_string().len() < 150);
    }
}
