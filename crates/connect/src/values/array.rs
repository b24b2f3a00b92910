//! The text form of arrays.

use std::str::FromStr;

use bstr::{BStr, BString, ByteSlice};

use crate::Encoding;

/// Reads the text form of a one-dimensional array: `{a,"b \"c\"",NULL}`.
///
/// A dimension decoration (`[0:2]={…}`) is accepted. Returns `None` for malformed texts and for
/// arrays of more than one dimension. Elements are separated by commas, as for every type but
/// `box`. The text is in `encoding`: bytes within letters are no quotes, commas or backslashes.
pub fn parse_array(text: &BStr, encoding: Encoding) -> Option<Vec<Option<BString>>> {
    let mut rest = text.as_bytes();
    if rest.starts_with(b"[") {
        rest = &rest[rest.find_byte(b'=')? + 1..];
    }
    rest = rest.strip_prefix(b"{")?.strip_suffix(b"}")?;
    let mut elements = Vec::new();
    if rest.is_empty() {
        return Some(elements);
    }
    loop {
        let (element, tail) = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted_element(quoted, encoding)?,
            None => bare_element(rest, encoding)?,
        };
        elements.push(element);
        match tail.split_first() {
            None => return Some(elements),
            Some((b',', tail)) => rest = tail,
            Some(_) => return None,
        }
    }
}

/// An element and the text after it.
type Element<'a> = (Option<BString>, &'a [u8]);

/// An element in quotes, from after the opening quote; a backslash takes the next byte as it is.
fn quoted_element(text: &[u8], encoding: Encoding) -> Option<Element<'_>> {
    let mut element = BString::default();
    let mut rest = text;
    loop {
        let special = encoding.find(rest, b"\"\\")?;
        element.extend_from_slice(&rest[..special]);
        let (&byte, tail) = rest[special..].split_first()?;
        if byte == b'"' {
            return Some((Some(element), tail));
        }
        let (&escaped, tail) = tail.split_first()?;
        element.push(escaped);
        rest = tail;
    }
}

/// An element without quotes: up to the comma; the word NULL is the NULL.
fn bare_element(text: &[u8], encoding: Encoding) -> Option<Element<'_>> {
    let end = encoding.find(text, b",").unwrap_or(text.len());
    let (element, tail) = text.split_at(end);
    if element.is_empty() || encoding.find(element, b"{}\"\\").is_some() {
        return None;
    }
    let element = (!element.eq_ignore_ascii_case(b"NULL")).then(|| element.into());
    Some((element, tail))
}

/// Reads a list of numbers: an array without NULLs, or the form of `oidvector` and `int2vector`, `1
/// 2 3`.
pub(crate) fn parse_vector<T: FromStr>(text: &BStr) -> Option<Vec<T>> {
    let number = |text: &[u8]| text.to_str().ok()?.parse().ok();
    if text.starts_with(b"{") || text.starts_with(b"[") {
        let elements = parse_array(text, Encoding::SingleByte)?;
        return elements
            .into_iter()
            .map(|element| number(&element?))
            .collect();
    }
    text.fields().map(number).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn array(text: &str) -> Option<Vec<Option<BString>>> {
        parse_array(text.into(), Encoding::Utf8)
    }

    #[test]
    fn arrays_as_servers_write_them() {
        assert_eq!(array("{}"), Some(vec![]));
        assert_eq!(
            array(r#"{a,"b c",NULL,"NULL","","q\"\\"}"#),
            Some(vec![
                Some("a".into()),
                Some("b c".into()),
                None,
                Some("NULL".into()),
                Some("".into()),
                Some("q\"\\".into()),
            ])
        );
        assert_eq!(
            array("[0:1]={1,2}"),
            Some(vec![Some("1".into()), Some("2".into())])
        );
        for bad in [
            "",
            "{",
            "a",
            "{a",
            "{a,}",
            "{,a}",
            "{\"a}",
            "{\"a\"b}",
            "{{1},{2}}",
            "{a\\}",
        ] {
            assert_eq!(array(bad), None, "{bad}");
        }
    }

    #[test]
    fn bytes_within_letters_mean_nothing() {
        let sjis = |text: &[u8]| parse_array(text.as_bstr(), Encoding::Sjis);
        let letter = |tail: &[u8]| Some([b"\x95", tail].concat().into());
        assert_eq!(
            sjis(b"{\x95\x5c,\x95\x7d,\"\x95\x5c\\\"\"}"),
            Some(vec![letter(b"\\"), letter(b"}"), letter(b"\\\"")])
        );
    }

    #[test]
    fn vectors_in_both_forms() {
        assert_eq!(parse_vector::<i16>("1 -2 3".into()), Some(vec![1, -2, 3]));
        assert_eq!(parse_vector::<u32>("".into()), Some(vec![]));
        assert_eq!(parse_vector::<u32>("{23,25}".into()), Some(vec![23, 25]));
        assert_eq!(parse_vector::<u32>("{23,NULL}".into()), None);
        assert_eq!(parse_vector::<u32>("23 x".into()), None);
    }

    proptest! {
        #[test]
        fn what_is_quoted_reads_back(elements: Vec<Option<Vec<u8>>>) {
            let mut text = BString::from("{");
            for (index, element) in elements.iter().enumerate() {
                if index > 0 {
                    text.push(b',');
                }
                match element {
                    None => text.extend_from_slice(b"NULL"),
                    Some(bytes) => {
                        text.push(b'"');
                        for &byte in bytes {
                            if matches!(byte, b'"' | b'\\') {
                                text.push(b'\\');
                            }
                            text.push(byte);
                        }
                        text.push(b'"');
                    }
                }
            }
            text.push(b'}');
            let expected: Vec<_> =
                elements.into_iter().map(|element| element.map(BString::from)).collect();
            prop_assert_eq!(parse_array(text.as_bstr(), Encoding::SingleByte), Some(expected));
        }

        #[test]
        fn no_text_makes_it_panic(text: Vec<u8>) {
            let _ = parse_array(text.as_bstr(), Encoding::Gb18030);
        }
    }
}
