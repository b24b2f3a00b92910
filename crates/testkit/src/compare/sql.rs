//! Where the parts of a statement are: what is in quotes does not count.

use bstr::ByteSlice;

/// The bytes of SQL that are in no literal and no quoted name, with their places.
pub(super) fn unquoted(text: &[u8]) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            let byte = *text.get(at)?;
            if !matches!(byte, b'\'' | b'"') {
                at += 1;
                return Some((at - 1, byte));
            }
            // Only a literal that begins with E holds backslashes that mean something.
            let escapes = byte == b'\'' && at > 0 && text[at - 1] == b'E';
            at = end_of_quoted(text, at, escapes);
        }
    })
}

/// The places where a part of SQL begins outside quotes, parentheses and brackets.
pub(super) fn top_level<'a>(text: &'a [u8], part: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    let mut depth = 0;
    unquoted(text).filter_map(move |(at, byte)| {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            _ => {}
        }
        (depth == 0 && text[at..].starts_with(part)).then_some(at)
    })
}

/// What stands in parentheses, divided by commas.
pub(super) struct List<'a> {
    pub(super) opening: usize,
    pub(super) closing: usize,
    /// Without the blanks around them. A list of nothing has one that is empty.
    pub(super) elements: Vec<&'a [u8]>,
}

/// The first list of a statement.
pub(super) fn first_list(text: &[u8]) -> Option<List<'_>> {
    let opening = unquoted(text).find(|&(_, byte)| byte == b'(')?.0;
    let inner = &text[opening + 1..];
    let mut depth = 1;
    let closing = unquoted(inner).find(|&(_, byte)| {
        match byte {
            b'(' => depth += 1,
            b')' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let inner = &inner[..closing.0];
    let mut start = 0;
    let ends = top_level(inner, b",").chain([inner.len()]);
    let elements = ends.map(|end| inner[std::mem::replace(&mut start, end + 1)..end].trim());
    Some(List {
        opening,
        closing: opening + 1 + closing.0,
        elements: elements.collect(),
    })
}

/// The place behind the closing quote of what begins at `start`.
fn end_of_quoted(text: &[u8], start: usize, escapes: bool) -> usize {
    let quote = text[start];
    let mut at = start + 1;
    while let Some(&byte) = text.get(at) {
        at += 1;
        if escapes && byte == b'\\' {
            at += 1;
        } else if byte == quote {
            if text.get(at) != Some(&quote) {
                break;
            }
            at += 1;
        }
    }
    at.min(text.len())
}

/// A table's name as CREATE TABLE writes it: quoted, behind that of its schema.
pub(super) fn table_name(create: &[u8]) -> &[u8] {
    const WORD: &[u8] = b" TABLE ";
    let Some(word) = create.windows(WORD.len()).position(|part| part == WORD) else {
        return &[];
    };
    let name = &create[word + WORD.len()..];
    let end = unquoted(name).find(|&(_, byte)| byte == b' ');
    &name[..end.map_or(name.len(), |(at, _)| at)]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> String {
        unquoted(text.as_bytes())
            .map(|(_, byte)| char::from(byte))
            .collect()
    }

    #[test]
    fn what_is_quoted_is_passed_over() {
        assert_eq!(plain("a 'b;''c' d \"e\"\"(\" f"), "a  d  f");
        assert_eq!(plain("a '\\' b E'\\';' c"), "a  b E c");
        assert_eq!(plain("a 'b"), "a ");
    }

    #[test]
    fn names_end_at_a_blank_outside_quotes() {
        let name = |text: &'static str| std::str::from_utf8(table_name(text.as_bytes())).unwrap();
        assert_eq!(name("CREATE UNLOGGED TABLE a.b (\n"), "a.b");
        assert_eq!(
            name("CREATE FOREIGN TABLE a.\"b \"\" (c\" (\n"),
            "a.\"b \"\" (c\""
        );
        assert_eq!(name("CREATE VIEW a.b AS"), "");
    }
}
