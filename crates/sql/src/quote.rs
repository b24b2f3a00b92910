//! Quoting.

use bstr::{BStr, BString, ByteSlice};

use crate::{Encoding, keywords};

/// Quotes a name as an identifier where it needs it, or always.
///
/// Names of roles, tablespaces and databases are the whole server's, as bytes of whatever database they were made in: they need not be text
/// in `encoding`.
pub fn identifier(name: &BStr, always: bool, encoding: Encoding) -> BString {
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
pub fn literal(text: impl AsRef<[u8]>, encoding: Encoding) -> BString {
    quoted(text.as_ref(), b'\'', b"'", encoding)
}

/// Writes a string literal for a server with `standard_conforming_strings` off: quotes and backslashes are doubled.
pub fn backslash_literal(text: impl AsRef<[u8]>, encoding: Encoding) -> BString {
    quoted(text.as_ref(), b'\'', b"'\\", encoding)
}

/// Writes a string literal as programs do that talk to the server themselves: one with backslashes in the escape form, whose
/// meaning does not depend on `standard_conforming_strings`. Follows a space, so that no name runs into its `E`.
///
/// Any byte that looks like a backslash makes it so, within a letter too, as libpq has it.
pub fn escape_literal(text: impl AsRef<[u8]>, encoding: Encoding) -> BString {
    let text = text.as_ref();
    if !text.contains(&b'\\') {
        return literal(text, encoding);
    }
    let mut text = quoted(text, b'\'', b"'\\", encoding);
    text.insert(0, b'E');
    text
}

/// A text between quotes, with some characters doubled.
fn quoted(text: &[u8], quote: u8, doubled: &[u8], encoding: Encoding) -> BString {
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(quote);
    encoding.push_doubled(&mut quoted, text, doubled);
    quoted.push(quote);
    quoted.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_quoted_only_where_they_must_be() {
        let plain = |name: &str| identifier(name.into(), false, Encoding::Utf8).to_string();
        assert_eq!(plain("orders_2"), "orders_2");
        assert_eq!(plain("Orders"), "\"Orders\"");
        assert_eq!(plain("2nd"), "\"2nd\"");
        assert_eq!(plain("order"), "\"order\"");
        assert_eq!(plain("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(plain(""), "\"\"");
        assert_eq!(
            identifier("orders".into(), true, Encoding::Utf8),
            "\"orders\""
        );
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        let ascii = Encoding::SingleByte;
        assert_eq!(literal(b"l\xe9'\\", ascii), b"'l\xe9''\\'".as_bstr());
        assert_eq!(
            identifier(b"\xe9".as_bstr(), false, ascii),
            b"\"\xe9\"".as_bstr()
        );
    }

    #[test]
    fn backslashes_are_doubled_where_they_are_letters() {
        let escaped = |text: &[u8]| escape_literal(text, Encoding::Sjis);
        assert_eq!(backslash_literal("it's \\", Encoding::Utf8), "'it''s \\\\'");
        assert_eq!(escaped(b"it's"), "'it''s'");
        assert_eq!(escaped(b"\\"), "E'\\\\'");
        assert_eq!(escaped(b"\x95\\"), b"E'\x95\\'".as_bstr());
    }
}
