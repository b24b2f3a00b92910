//! Where the parts of a statement are: what is in quotes does not count.

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
