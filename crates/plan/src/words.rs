//! The words of an SQL statement, as far as one must tell keywords and names from literals.

use std::ops::Range;

use bstr::{BString, ByteSlice};

/// A word, or a sign that is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Word {
    /// A keyword or a name without quotes, in small letters.
    Plain(BString),
    /// A name between quotes, without them.
    Quoted(BString),
    /// A literal of any kind.
    Literal,
    /// A sign.
    Sign(u8),
}

impl Word {
    /// Whether it is that keyword.
    pub(crate) fn is(&self, keyword: &str) -> bool {
        matches!(self, Word::Plain(word) if word == keyword)
    }

    /// The name that it is, if it is one.
    pub(crate) fn name(&self) -> Option<&BString> {
        match self {
            Word::Plain(name) | Word::Quoted(name) => Some(name),
            Word::Literal | Word::Sign(_) => None,
        }
    }
}

/// All words of a text. What is not closed ends with the text.
pub(crate) fn words(text: &[u8]) -> Vec<Word> {
    placed(text).into_iter().map(|(word, _)| word).collect()
}

/// All words of a text, each with its place there: of names and literals with their quotes.
pub(crate) fn placed(mut text: &[u8]) -> Vec<(Word, Range<usize>)> {
    let mut words = Vec::new();
    let mut at = 0;
    while let Some(&first) = text.first() {
        let (word, length) = match first {
            b'-' if text.starts_with(b"--") => (None, text.find_byte(b'\n').unwrap_or(text.len())),
            b'/' if text.starts_with(b"/*") => (None, comment(text)),
            b'"' => {
                let length = quoted(text, b'"', false);
                let name = text[1..length]
                    .strip_suffix(b"\"")
                    .unwrap_or(&text[1..length]);
                (
                    Some(Word::Quoted(name.replace(b"\"\"", b"\"").into())),
                    length,
                )
            }
            b'\'' => (Some(Word::Literal), quoted(text, b'\'', false)),
            b'E' | b'e' if text.get(1) == Some(&b'\'') => {
                (Some(Word::Literal), 1 + quoted(&text[1..], b'\'', true))
            }
            b'$' => match dollar_quoted(text) {
                Some(length) => (Some(Word::Literal), length),
                None => (Some(Word::Sign(first)), 1),
            },
            _ if is_letter(first) => {
                let length = text
                    .iter()
                    .position(|&byte| !is_letter(byte) && !byte.is_ascii_digit() && byte != b'$')
                    .unwrap_or(text.len());
                (
                    Some(Word::Plain(text[..length].to_ascii_lowercase().into())),
                    length,
                )
            }
            _ if first.is_ascii_digit() => {
                let length = text.iter().position(|byte| !byte.is_ascii_alphanumeric());
                (Some(Word::Literal), length.unwrap_or(text.len()))
            }
            _ if first.is_ascii_whitespace() => (None, 1),
            _ => (Some(Word::Sign(first)), 1),
        };
        words.extend(word.map(|word| (word, at..at + length)));
        text = &text[length..];
        at += length;
    }
    words
}

/// A text with others in the place of some of its parts, which stand there in this order. Of two that overlap, what the first has covered is
/// not written again.
pub(crate) fn edited<'a>(
    text: &[u8],
    edits: impl IntoIterator<Item = &'a (Range<usize>, BString)>,
) -> BString {
    let mut out = BString::default();
    let mut at = 0;
    for (range, instead) in edits {
        out.extend_from_slice(&text[at..range.start.max(at)]);
        out.extend_from_slice(instead);
        at = range.end.max(at);
    }
    out.extend_from_slice(&text[at..]);
    out
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

/// The length of what begins with a quote and ends with the next that is not doubled.
fn quoted(text: &[u8], quote: u8, backslashes: bool) -> usize {
    let mut at = 1;
    while let Some(&byte) = text.get(at) {
        if byte == b'\\' && backslashes {
            at += 2;
        } else if byte != quote {
            at += 1;
        } else if text.get(at + 1) == Some(&quote) {
            at += 2;
        } else {
            return at + 1;
        }
    }
    text.len()
}

/// The length of a comment, with those within it.
fn comment(text: &[u8]) -> usize {
    let (mut at, mut depth) = (2, 1);
    while depth > 0 && at < text.len() {
        if text[at..].starts_with(b"/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if text[at..].starts_with(b"*/") {
            (at, depth) = (at + 2, depth - 1);
        } else {
            at += 1;
        }
    }
    at
}

/// The length of a string between dollar quotes, if one begins here.
fn dollar_quoted(text: &[u8]) -> Option<usize> {
    let end = 1 + text[1..].find_byte(b'$')?;
    let quote = &text[..=end];
    let tag = &quote[1..end];
    let is_tag = tag
        .iter()
        .all(|&byte| is_letter(byte) || byte.is_ascii_digit());
    if !is_tag || tag.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let rest = &text[quote.len()..];
    Some(match rest.find(quote) {
        Some(at) => quote.len() + at + quote.len(),
        None => text.len(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_only_looks_like_them() {
        let plain = |word: &str| Word::Plain(word.into());
        let text = "GRANT x /* a /* TO */ b */ ON \"My \"\"t\"\"\" -- TO\n TO 'TO''', E'\\' TO', $a$ TO $b$ $a$ 12e3;";
        assert_eq!(
            words(text.as_bytes()),
            [
                plain("grant"),
                plain("x"),
                plain("on"),
                Word::Quoted("My \"t\"".into()),
                plain("to"),
                Word::Literal,
                Word::Sign(b','),
                Word::Literal,
                Word::Sign(b','),
                Word::Literal,
                Word::Literal,
                Word::Sign(b';'),
            ]
        );
    }

    #[test]
    fn what_is_not_closed_ends_with_the_text() {
        for text in [
            "\"a", "'a", "E'a\\", "$a$ b", "/* /* */", "-- a", "$", "$1", "\"", "'",
        ] {
            assert!(words(text.as_bytes()).len() <= 2, "{text}");
        }
    }
}
