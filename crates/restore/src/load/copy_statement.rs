//! What a table's rows may be loaded with.

use bstr::BString;
use memchr::memmem;

/// Whether a statement of an archive is a COPY that takes rows from its client, and nothing else. It has the server's rights: a COPY could
/// read a file there, or run a program.
pub(crate) fn takes_rows(statement: &[u8]) -> bool {
    let Some(plain) = without_names(statement) else {
        return false;
    };
    let plain = plain.trim_ascii().to_ascii_lowercase();
    let plain = plain.strip_suffix(b";").unwrap_or(&plain);
    let has = |what: &[u8]| memmem::find(plain, what).is_some();
    let words: Vec<&[u8]> = plain
        .split(|byte| byte.is_ascii_whitespace() || matches!(byte, b'(' | b')' | b','))
        .filter(|word| !word.is_empty())
        .collect();
    let from = words.iter().filter(|word| **word == b"from").count();
    let is_plain = !has(b";") && !has(b"--") && !has(b"/*") && !has(b"'");
    is_plain
        && from == 1
        && words.first() == Some(&b"copy".as_slice())
        && words.ends_with(&[b"from", b"stdin"])
}

/// A COPY that takes rows from its client, for rows in binary.
pub(crate) fn in_binary(statement: &[u8]) -> BString {
    let bare = statement.trim_ascii();
    let bare = bare.strip_suffix(b";").unwrap_or(bare);
    [bare, b" (FORMAT binary);"].concat().into()
}

/// A statement with another word for each quoted name; `None` where a quote does not end.
fn without_names(statement: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    let mut parts = statement.split(|byte| *byte == b'"');
    plain.extend_from_slice(parts.next()?);
    while parts.next().is_some() {
        plain.push(b'n');
        plain.extend_from_slice(parts.next()?);
    }
    Some(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_rows_of_the_client_are_taken() {
        for fine in [
            "COPY public.t (id, name) FROM stdin;\n",
            "COPY t FROM stdin;",
            "COPY \"a;'b\".\"from \"\"program\" (\"--\", b) FROM stdin;",
            "COPY t WITH OIDS FROM STDIN;",
            "COPY t (\"from\") FROM stdin",
        ] {
            assert!(takes_rows(fine.as_bytes()), "{fine}");
        }
        for refused in [
            "",
            "COPY t FROM PROGRAM 'touch /tmp/x';",
            "COPY t FROM '/etc/passwd';",
            "COPY t TO PROGRAM 'cat';",
            "COPY t TO stdout;",
            "SELECT 1; COPY t FROM stdin;",
            "COPY t FROM stdin; DROP TABLE t;",
            "COPY t FROM PROGRAM $$id$$ --\nFROM stdin;",
            "COPY t FROM /* stdin;",
            "COPY t FROM program from stdin;",
            "COPY \"t FROM stdin;",
            "DROP TABLE t",
        ] {
            assert!(!takes_rows(refused.as_bytes()), "{refused}");
        }
    }

    #[test]
    fn statements_say_the_format() {
        let text = b"COPY public.t (a, b) FROM stdin;\n";
        let binary = "COPY public.t (a, b) FROM stdin (FORMAT binary);";
        assert_eq!(in_binary(text), binary);
    }
}
