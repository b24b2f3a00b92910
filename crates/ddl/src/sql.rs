//! Building SQL from bytes.
//!
//! Names and definitions may be in any encoding, so SQL is assembled from byte slices and never goes through `str`
//! formatting, which would have to replace what is not UTF-8.

use std::borrow::Cow;

use bstr::{BStr, BString, ByteSlice};

use crate::keywords;

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
pub(crate) fn ident(name: &BStr, always: bool) -> BString {
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
    let mut quoted = Vec::with_capacity(name.len() + 2);
    quoted.push(b'"');
    for &byte in name.as_bytes() {
        if byte == b'"' {
            quoted.push(b'"');
        }
        quoted.push(byte);
    }
    quoted.push(b'"');
    quoted.into()
}

/// Makes bytes that are no UTF-8 harmless for those who read text character by character: the first byte of what would be an
/// unfinished character could make them skip the quote behind it. Such a byte becomes two that every server refuses.
pub(crate) fn guard_utf8(name: &BStr) -> Cow<'_, BStr> {
    if name.to_str().is_ok() {
        return Cow::Borrowed(name);
    }
    let mut guarded = BString::default();
    let mut rest = name.as_bytes();
    while let Some(&first) = rest.first() {
        let length = match first {
            0xf0.. => 4,
            0xe0.. => 3,
            0xc0.. => 2,
            _ => 1,
        };
        match rest.get(..length).filter(|bytes| bytes.to_str().is_ok()) {
            Some(character) => {
                guarded.extend_from_slice(character);
                rest = &rest[length..];
            }
            None => {
                guarded.extend_from_slice(b"\xc0 ");
                rest = &rest[1..];
            }
        }
    }
    Cow::Owned(guarded)
}

/// Writes a string literal, for a server with `standard_conforming_strings` on: only quotes are doubled.
pub(crate) fn literal(text: impl AsRef<[u8]>) -> BString {
    let text = text.as_ref();
    let mut quoted = Vec::with_capacity(text.len() + 2);
    quoted.push(b'\'');
    for &byte in text {
        if byte == b'\'' {
            quoted.push(b'\'');
        }
        quoted.push(byte);
    }
    quoted.push(b'\'');
    quoted.into()
}

/// Writes a string literal as programs do that talk to the server themselves: one with backslashes in the escape form, whose
/// meaning does not depend on `standard_conforming_strings`. Follows a space, so that no name runs into its `E`.
pub(crate) fn escape_literal(text: impl AsRef<[u8]>) -> BString {
    let text = text.as_ref();
    if !text.contains(&b'\\') {
        return literal(text);
    }
    sql!["E", literal(text.replace(br"\", br"\\"))]
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
        let plain = |name: &str| ident(name.into(), false).to_string();
        assert_eq!(plain("orders_2"), "orders_2");
        assert_eq!(plain("Orders"), "\"Orders\"");
        assert_eq!(plain("2nd"), "\"2nd\"");
        assert_eq!(plain("order"), "\"order\"");
        assert_eq!(plain("say \"hi\""), "\"say \"\"hi\"\"\"");
        assert_eq!(plain(""), "\"\"");
        assert_eq!(ident("orders".into(), true), "\"orders\"");
    }

    #[test]
    fn bytes_that_are_not_utf8_survive() {
        assert_eq!(literal(b"l\xe9'\\"), BString::from(b"'l\xe9''\\'".to_vec()));
        assert_eq!(
            ident(b"\xe9".as_bstr(), false),
            BString::from(b"\"\xe9\"".to_vec())
        );
    }

    #[test]
    fn unfinished_characters_do_not_swallow_quotes() {
        let guarded = |name: &[u8]| guard_utf8(name.as_bstr()).into_owned();
        assert_eq!(guarded("é漢😀".as_bytes()), "é漢😀");
        assert_eq!(guarded(b"r\xf4le\xc3"), b"r\xc0 le\xc0 ".as_bstr());
        assert_eq!(guarded(b"\xe6\xbc"), b"\xc0 \xc0 ".as_bstr());
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
