//! Building SQL from bytes.
//!
//! Names and definitions may be in any encoding, so SQL is assembled from byte slices and never goes through `str`
//! formatting, which would have to replace what is not UTF-8.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_catalog::Encoding;

use crate::text::keywords;

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

/// Quotes a name as an identifier where it needs it, or always.
///
/// Names of roles, tablespaces and databases are the whole server's, as bytes of whatever database they were made in: they need not be text
/// in `encoding`.
pub(crate) fn ident(name: &BStr, always: bool, encoding: Encoding) -> BString {
    let plain = match name.as_bytes() {
        [first, rest @ ..] => {
            (first.is_ascii_lowercase() || *first == b'_')
                && rest
                    .iter()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || *b == b'_')
                && !keywords::needs_quotes(name)
        }
        [] => false,
    };
    if plain && !always {
        return name.to_owned();
    }
    quoted(name, b'"', b"\"", encoding)
}

/// Writes a string literal, for a server with `standard_conforming_strings` on: only quotes are doubled.
pub(crate) fn literal(text: impl AsRef<[u8]>, encoding: Encoding) -> BString {
    quoted(text.as_ref(), b'\'', b"'", encoding)
}

/// Writes a string literal as programs do that talk to the server themselves: one with backslashes in the escape form, whose
/// meaning does not depend on `standard_conforming_strings`. Follows a space, so that no name runs into its `E`.
///
/// Any byte that looks like a backslash makes it so, within a letter too, as libpq has it.
pub(crate) fn escape_literal(text: impl AsRef<[u8]>, encoding: Encoding) -> BString {
    let text = text.as_ref();
    if !text.contains(&b'\\') {
        return literal(text, encoding);
    }
    sql!["E", quoted(text, b'\'', b"'\\", encoding)]
}

/// A text between quotes, with some characters doubled.
fn quoted(text: &[u8], quote: u8, doubled: &[u8], encoding: Encoding) -> BString {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(quote);
    encoding.push_doubled(&mut quoted, text, doubled);
    quoted.push(quote);
    quoted.into()
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
    fn identifiers_are_quoted_only_where_they_must_be() {
        let plain = |name: &str| ident(name.into(), false, Encoding::Utf8).to_string();
        assert_eq!(plain("orders_2"), "orders_2");
        assert_eq!(plain("Orders"), "\"Orders\"");
        assert_eq!(plain("2nd"), "\"2nd\"");
        assert_eq!(plain("order"), "\"order\"");
        assert_eq!(plain("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(plain(""), "\"\"");
        assert_eq!(ident("orders".into(), true, Encoding::Utf8), "\"orders\"");
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let ascii = Encoding::SingleByte;
        assert_eq!(literal(b"l\xe9'\\", ascii), b"'l\xe9''\\'".as_bstr());
        assert_eq!(
            ident(b"\xe9".as_bstr(), false, ascii),
            b"\"\xe9\"".as_bstr()
        );
    }

    #[test]
    fn backslashes_are_doubled_where_they_are_letters() {
        let escaped = |text: &[u8]| escape_literal(text, Encoding::Sjis);
        assert_eq!(escaped(b"it's"), "'it''s'");
        assert_eq!(escaped(b"\\"), "E'\\\\'");
        assert_eq!(escaped(b"\x95\\"), b"E'\x95\\'".as_bstr());
    }

    #[test]
    fn macros_join_whatever_is_bytes() {
        let name = BString::from("t");
        let mut text = sql!["CREATE TABLE ", name, " ("];
        push!(text, "a int", ")");
        assert_eq!(text, "CREATE TABLE t (a int)");
        assert_eq!(join(["a", "b"], ", "), "a, b");
    }
}
