//! Patterns for names, as psql and pg_dump take them: shell-style wildcards that become regular expressions of the server.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::Encoding;

/// Letters that have a meaning in the server's regular expressions.
const SPECIAL: &[u8] = b"|*+?()[]{}.^$\\";

/// One part of a pattern: what it matches, and its letters if it matches nothing else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// The regular expression, anchored at both ends.
    pub(crate) regex: BString,
    /// The one name that the part matches, where it holds no wildcard.
    pub(crate) literal: Option<BString>,
}

impl Part {
    fn new() -> Self {
        Self {
            regex: "^(".into(),
            literal: Some(BString::default()),
        }
    }

    /// A letter that stands for itself.
    fn push_plain(&mut self, letter: u8, escaped: bool) {
        if escaped {
            self.regex.push(b'\\');
        }
        self.push_name(&[letter]);
    }

    /// Bytes of a name as they are.
    fn push_name(&mut self, text: &[u8]) {
        self.regex.extend_from_slice(text);
        if let Some(literal) = &mut self.literal {
            literal.extend_from_slice(text);
        }
    }

    /// Something that matches more than one name.
    fn push_regex(&mut self, text: &[u8]) {
        self.regex.extend_from_slice(text);
        self.literal = None;
    }

    fn finish(mut self) -> Self {
        self.regex.extend_from_slice(b")$");
        self
    }

    /// Whether it matches every name.
    pub(crate) fn is_anything(&self) -> bool {
        self.regex == "^(.*)$"
    }
}

/// A pattern taken apart at its dots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Parsed {
    /// Parts before the name, the leftmost first, as many as were allowed.
    pub(crate) qualifiers: Vec<Part>,
    /// The last part.
    pub(crate) name: Part,
    /// Letters of the first part if it stands before a dot, wildcards included: a database is named, not matched.
    pub(crate) first: BString,
    /// Number of dots outside quotes.
    pub(crate) dots: usize,
}

/// Takes a pattern apart.
///
/// Outside double quotes, capital letters match small ones, `*` any letters, `?` any letter, a dot separates up to `qualifiers`
/// qualifiers from the name, and everything else is taken as a regular expression, but for `$` and `[]`. Inside, every letter
/// stands for itself, and a doubled quote for a quote. The pattern is in `encoding`, that of the session.
pub(crate) fn parse(pattern: &BStr, qualifiers: usize, encoding: Encoding) -> Parsed {
    let mut parts = Vec::new();
    let mut part = Part::new();
    let mut first = BString::default();
    let mut dots = 0;
    let mut quoted = false;
    let mut rest = pattern.as_bytes();
    while let Some((&letter, after)) = rest.split_first() {
        if !letter.is_ascii() {
            let (whole, after) = rest.split_at(encoding.letter_len(rest));
            part.push_name(whole);
            if dots == 0 {
                first.extend_from_slice(whole);
            }
            rest = after;
            continue;
        }
        rest = after;
        let next = after.first();
        if dots == 0
            && (letter != b'.' || quoted)
            && (letter != b'"' || quoted && next == Some(&b'"'))
        {
            first.push(if quoted {
                letter
            } else {
                letter.to_ascii_lowercase()
            });
        }
        match letter {
            b'"' if quoted && next == Some(&b'"') => {
                part.push_plain(b'"', false);
                rest = &after[1..];
            }
            b'"' => quoted = !quoted,
            b'A'..=b'Z' if !quoted => part.push_plain(letter.to_ascii_lowercase(), false),
            b'*' if !quoted => part.push_regex(b".*"),
            b'?' if !quoted => part.push_regex(b"."),
            b'.' if !quoted => {
                dots += 1;
                if parts.len() < qualifiers {
                    parts.push(std::mem::replace(&mut part, Part::new()).finish());
                } else {
                    part.push_regex(b".");
                }
            }
            // Identifiers may hold it, and at the end, where alone it would mean something, it is implied.
            b'$' => part.push_plain(b'$', true),
            // Rather the name of an array type than the start of a set of letters.
            b'[' if !quoted && next == Some(&b']') => part.push_plain(b'[', true),
            _ if SPECIAL.contains(&letter) && quoted => part.push_plain(letter, true),
            b']' if part.regex.ends_with(b"\\[") => part.push_plain(b']', false),
            _ if SPECIAL.contains(&letter) => part.push_regex(&[letter]),
            _ => part.push_plain(letter, false),
        }
    }
    Parsed {
        qualifiers: parts,
        name: part.finish(),
        first,
        dots,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn regexes(pattern: &str, qualifiers: usize) -> Vec<String> {
        let parsed = parse(BStr::new(pattern), qualifiers, Encoding::Utf8);
        let mut parts = parsed.qualifiers;
        parts.push(parsed.name);
        parts.iter().map(|part| part.regex.to_string()).collect()
    }

    fn literal(pattern: &str) -> Option<String> {
        let parsed = parse(BStr::new(pattern), 0, Encoding::Utf8);
        parsed.name.literal.map(|literal| literal.to_string())
    }

    #[test]
    fn wildcards_become_regular_expressions() {
        assert_eq!(regexes("Foo*", 2), ["^(foo.*)$"]);
        assert_eq!(regexes("a?b", 2), ["^(a.b)$"]);
        assert_eq!(regexes("\"Foo*\"", 2), ["^(Foo\\*)$"]);
        assert_eq!(regexes("(a|b)[0-9]+", 2), ["^((a|b)[0-9]+)$"]);
        assert_eq!(regexes("money$", 2), ["^(money\\$)$"]);
        assert_eq!(regexes("int[]", 2), ["^(int\\[])$"]);
        assert_eq!(regexes("\"a\"\"b\"", 2), ["^(a\"b)$"]);
        assert_eq!(regexes("Ärger", 2), ["^(Ärger)$"]);
    }

    #[test]
    fn bytes_within_letters_mean_nothing() {
        let pattern = b"\x95\x5cA\x83\x41.\x94\x7c*".as_bstr();
        let parsed = parse(pattern, 2, Encoding::Sjis);
        assert_eq!(parsed.first, b"\x95\x5ca\x83\x41".as_bstr());
        assert_eq!(
            parsed.qualifiers[0].regex,
            b"^(\x95\x5ca\x83\x41)$".as_bstr()
        );
        assert_eq!(parsed.name.regex, b"^(\x94\x7c.*)$".as_bstr());
    }

    #[test]
    fn dots_separate_qualifiers() {
        assert_eq!(regexes("s.t", 2), ["^(s)$", "^(t)$"]);
        assert_eq!(regexes("\"a.b\".\"c\"", 2), ["^(a\\.b)$", "^(c)$"]);
        assert_eq!(regexes("d.s.t", 2), ["^(d)$", "^(s)$", "^(t)$"]);
        assert_eq!(regexes("d.s.t.x", 2), ["^(d)$", "^(s)$", "^(t.x)$"]);
        assert_eq!(parse(BStr::new("d.s.t.x"), 2, Encoding::Utf8).dots, 3);
        assert_eq!(regexes("a.b", 0), ["^(a.b)$"]);
        assert_eq!(
            parse(BStr::new("My*.\"s.x\".t"), 2, Encoding::Utf8).first,
            "my*"
        );
        assert_eq!(
            parse(BStr::new("\"A\"\".b\".s.t"), 2, Encoding::Utf8).first,
            "A\".b"
        );
    }

    #[test]
    fn patterns_without_wildcards_are_names() {
        assert_eq!(literal("Foo").as_deref(), Some("foo"));
        assert_eq!(literal("\"F.*$\"").as_deref(), Some("F.*$"));
        assert_eq!(literal("a$[]").as_deref(), Some("a$[]"));
        for pattern in [
            "a*", "a?", "a+", "(a)", "a|b", "^a", "[ab]", "a{2}", "a.b", "a\\d",
        ] {
            assert_eq!(literal(pattern), None, "{pattern}");
        }
    }
}
