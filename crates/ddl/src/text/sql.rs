//! Building SQL from bytes.
//!
//! Names and definitions may be in any encoding, so SQL is assembled from byte slices and never goes through `str`
//! formatting, which would have to replace what is not UTF-8.

use bstr::BString;
use pgdumprs_catalog::Encoding;

pub(crate) use pgdumprs_sql::{escape_literal, identifier as ident, literal};

/// A string literal that a server with this version number reads whatever its `standard_conforming_strings`, which since 19 is always on.
pub(crate) fn versioned_literal(
    version: u32,
    text: impl AsRef<[u8]>,
    encoding: Encoding,
) -> BString {
    if version >= 190000 {
        literal(text, encoding)
    } else {
        escape_literal(text, encoding)
    }
}

/// Joins its arguments, each anything that is `AsRef<[u8]>`, into one [`BString`].
macro_rules! sql {
    ($($part:expr),+ $(,)?) => {{
        let mut text = ::bstr::BString::default();
        $(::std::vec::Vec::extend_from_slice(&mut text, ::std::convert::AsRef::<[u8]>::as_ref(&$part));)+
        text
    }};
}

/// Appends arguments, each anything that is `AsRef<[u8]>`, to a [`BString`].
macro_rules! push {
    ($text:expr, $($part:expr),+ $(,)?) => {{
        let text: &mut ::bstr::BString = &mut $text;
        $(::std::vec::Vec::extend_from_slice(text, ::std::convert::AsRef::<[u8]>::as_ref(&$part));)+
    }};
}

/// Joins parts with a separator.
pub(crate) fn join<T: AsRef<[u8]>>(parts: impl IntoIterator<Item = T>, separator: &str) -> BString {
    let mut text = BString::default();
    for (i, part) in parts.into_iter().enumerate() {
        if i > 0 {
            push!(text, separator);
        }
        push!(text, part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_join_whatever_is_bytes() {
        let name = BString::from("t");
        let mut text = sql!["CREATE TABLE ", name, " ("];
        push!(text, "a int", ")");
        assert_eq!(text, "CREATE TABLE t (a int)");
        assert_eq!(join(["a", "b"], ", "), "a, b");
    }
}
