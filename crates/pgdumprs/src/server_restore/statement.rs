//! Statements of a script of globals, one by one, and what each is about.

use bstr::{BString, ByteSlice};
use pgdumprs_sql::{Encoding, identifier};

/// The encoding that a script is in, as the statement near its beginning has it; nothing where none has.
pub(super) fn client_encoding(script: &[u8]) -> Option<&str> {
    // What stands before it has no letters but those that all encodings share.
    let mut values = script
        .lines()
        .filter_map(|line| line.strip_prefix(b"SET client_encoding = '"));
    values.next()?.strip_suffix(b"';")?.to_str().ok()
}

/// The statements of a script, without comments and psql's own commands, which all stand in lines of their own.
pub(super) fn statements(script: &[u8], encoding: Encoding) -> Vec<BString> {
    let mut all = Vec::new();
    let mut rest = script;
    loop {
        rest = rest.trim_ascii_start();
        if rest.is_empty() {
            return all;
        }
        if rest.starts_with(b"--") || rest.starts_with(b"\\") {
            rest = rest
                .split_once_str("\n")
                .map_or(&b""[..], |(_, after)| after);
            continue;
        }
        let end = outside(rest, encoding)
            .find(|(_, byte)| *byte == b';')
            .map_or(rest.len(), |(at, _)| at + 1);
        all.push(rest[..end].into());
        rest = &rest[end..];
    }
}

/// The letters of a text that are in no quotes, each by its first byte, with their places. In some encodings a letter's later bytes look like quotes or
/// backslashes.
fn outside(text: &[u8], encoding: Encoding) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut quote = None;
    let mut escapes = false;
    let mut next = 0;
    let length = move |from| encoding.letter_len(text.get(from..).unwrap_or_default());
    std::iter::from_fn(move || {
        loop {
            let (at, byte) = (next, *text.get(next)?);
            next += length(at);
            match quote {
                // A quote that is doubled ends one quotation and begins another.
                Some(mark) if byte == mark => quote = None,
                Some(_) if byte == b'\\' && escapes => next += length(next),
                Some(_) => {}
                None if byte == b'\'' || byte == b'"' => {
                    quote = Some(byte);
                    let is_again = at > 0 && text[at - 1] == byte;
                    escapes = byte == b'\'' && (escapes && is_again || text[..at].ends_with(b" E"));
                }
                None => return Some((at, byte)),
            }
        }
    })
}

/// The place of a text that is in no quotes, of bytes that are no letters of names.
pub(super) fn find(statement: &[u8], text: &str, encoding: Encoding) -> Option<usize> {
    let text = text.as_bytes();
    outside(statement, encoding)
        .map(|(at, _)| at)
        .find(|at| statement[*at..].starts_with(text))
}

/// A statement without the quotes that its names do not need, or would need only as key words: by them, two that say the same are the same, whether the one
/// or the other was written with all names quoted. It is to be compared, and not to be executed. Key words are in capitals, so that no name becomes one.
pub(super) fn without_needless_quotes(statement: &[u8], encoding: Encoding) -> BString {
    let mut text = BString::default();
    let mut from = 0;
    let ends = outside(statement, encoding).chain([(statement.len(), b' ')]);
    for (at, _) in ends {
        let quotation = &statement[from..at];
        let name = quotation
            .strip_prefix(b"\"")
            .and_then(|rest| rest.strip_suffix(b"\""))
            .filter(|name| is_plain(name));
        text.extend_from_slice(name.unwrap_or(quotation));
        text.extend_from_slice(&statement[at..(at + 1).min(statement.len())]);
        from = at + 1;
    }
    text
}

/// A statement that was compared, with the quotes again that key words need as names: it is to be executed.
pub(super) fn with_quotes(statement: &[u8], encoding: Encoding) -> BString {
    let mut text = BString::default();
    let mut from = 0;
    let ends = outside(statement, encoding)
        .filter(|(_, byte)| !byte.is_ascii_alphanumeric() && *byte != b'_');
    for (at, byte) in ends.chain([(statement.len(), b' ')]) {
        let word = &statement[from..at];
        match is_plain(word) {
            true => text.extend_from_slice(&identifier(word.as_bstr(), false, encoding)),
            false => text.extend_from_slice(word),
        }
        if at < statement.len() {
            text.push(byte);
        }
        from = at + 1;
    }
    text
}

/// Whether a name is the same with and without quotes, but for key words.
fn is_plain(name: &[u8]) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    name.first().is_some_and(is_first)
        && name
            .iter()
            .all(|byte| is_first(byte) || byte.is_ascii_digit())
}

/// What a statement sets, without what it sets it to: two that have it in common say the same, or contradict each other. Nothing where a statement only
/// adds something. No password is in it.
pub(super) fn subject(statement: &BString, encoding: Encoding) -> Option<BString> {
    let up_to = |words: &[&str]| -> BString {
        let ends = words
            .iter()
            .filter_map(|word| find(statement, word, encoding));
        let end = ends.min().unwrap_or(statement.len().saturating_sub(1));
        statement[..end].into()
    };
    let starts = |words: &str| statement.starts_with(words.as_bytes());
    if starts("CREATE ROLE ") {
        Some(up_to(&[]))
    } else if starts("ALTER ROLE ") {
        // Properties, or one setting.
        Some(up_to(&[" WITH ", " TO ", " FROM CURRENT"]))
    } else if starts("COMMENT ON ") || starts("SECURITY LABEL ") {
        Some(up_to(&[" IS "]))
    } else if starts("CREATE TABLESPACE ") {
        Some(up_to(&[" OWNER "]))
    } else if starts("ALTER TABLESPACE ") {
        Some(up_to(&[" SET "]))
    } else if starts("GRANT ") && find(statement, " ON ", encoding).is_none() {
        // Grantors each have a membership of their own to give.
        let by = find(statement, " GRANTED BY ", encoding).map_or(&b""[..], |at| &statement[at..]);
        let mut subject = up_to(&[" WITH ", " GRANTED BY "]);
        subject.extend_from_slice(by.strip_suffix(b";").unwrap_or(by));
        Some(subject)
    } else {
        None
    }
}

/// The tablespace or parameter that a statement makes, or that it gives or takes privileges on, behind the word for its kind.
pub(super) fn object(statement: &[u8], encoding: Encoding) -> Option<BString> {
    let starts = |words: &str| statement.starts_with(words.as_bytes());
    let kinds = ["TABLESPACE ", "PARAMETER "];
    let from = if starts("CREATE TABLESPACE ") {
        "CREATE ".len()
    } else if starts("GRANT ") || starts("REVOKE ") {
        let on = |kind: &&str| find(statement, &format!(" ON {kind}"), encoding);
        kinds.iter().find_map(on)? + " ON ".len()
    } else {
        return None;
    };
    let object = &statement[from..];
    let ends = [" OWNER ", " TO ", " FROM "];
    let end = ends
        .iter()
        .filter_map(|word| find(object, word, encoding))
        .min()?;
    Some(object[..end].into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn key_words_get_their_quotes_back() {
        for written in [
            "GRANT \"select\" TO svc",
            "GRANT \"select\" TO \"b select\" GRANTED BY \"user\"",
            "ALTER ROLE \"all\" WITH SUPERUSER",
            "GRANT SET ON PARAMETER work_mem TO \"b\"\"select\"",
            "GRANT \"größe\" TO a_1",
        ] {
            let compared = without_needless_quotes(written.as_bytes(), Encoding::Utf8);
            assert_eq!(with_quotes(&compared, Encoding::Utf8), written);
        }
    }

    #[test]
    fn a_script_is_cut_at_semicolons_outside_of_quotes() {
        let script = "--\n-- Roles; all\n--\n\n\\restrict k\n\nSET a = 'x;';\nCREATE ROLE \"a;\"\"b\";\n\
                      COMMENT ON ROLE x IS E'it''s \\\\'';\\';x';\nCOMMENT ON ROLE y IS '\\';\n-- end\n";
        let cut = statements(script.as_bytes(), Encoding::Utf8);
        let cut: Vec<_> = cut.iter().map(ToString::to_string).collect();
        assert_eq!(
            cut,
            [
                "SET a = 'x;';",
                "CREATE ROLE \"a;\"\"b\";",
                "COMMENT ON ROLE x IS E'it''s \\\\'';\\';x';",
                "COMMENT ON ROLE y IS '\\';",
            ]
        );
    }

    #[test]
    fn letters_that_end_with_a_backslash_or_a_quote_are_letters() {
        // In SJIS, the second byte of this letter is a backslash's.
        let script = b"SET client_encoding = 'SJIS';\nCOMMENT ON ROLE x IS E'\x95\x5c';\nCREATE ROLE \"\x95\x5c\";\n";
        assert_eq!(client_encoding(script), Some("SJIS"));
        let cut = statements(script, Encoding::named(b"SJIS"));
        assert_eq!(cut.len(), 3, "{cut:?}");
        assert_eq!(cut[2], BString::from(&b"CREATE ROLE \"\x95\x5c\";"[..]));
        // Read byte by byte, the first literal would not end where it does.
        assert_ne!(statements(script, Encoding::SingleByte), cut);
    }

    #[test]
    fn names_are_the_same_with_and_without_quotes() {
        for (statement, expected) in [
            ("ALTER ROLE \"a\" WITH x;", "ALTER ROLE a WITH x;"),
            ("GRANT \"select\" TO \"b_1\"", "GRANT select TO b_1"),
            (
                "ALTER TABLESPACE \"t\" SET (\"a\"=1, b='\"c\"');",
                "ALTER TABLESPACE t SET (a=1, b='\"c\"');",
            ),
            (
                "ALTER ROLE \"A\" SET \"x.y\" TO E'\\'\"z\"';",
                "ALTER ROLE \"A\" SET \"x.y\" TO E'\\'\"z\"';",
            ),
            (
                "DROP ROLE \"a\"\"b\", \"1a\", \"a b\", \"ALL\", \"ü\", \"\"",
                "DROP ROLE \"a\"\"b\", \"1a\", \"a b\", \"ALL\", \"ü\", \"\"",
            ),
        ] {
            let found = without_needless_quotes(statement.as_bytes(), Encoding::Utf8);
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn what_a_statement_is_about_is_no_secret() {
        for (statement, expected) in [
            ("CREATE ROLE \"a b\";", Some("CREATE ROLE \"a b\"")),
            (
                "ALTER ROLE \"x WITH y\" WITH LOGIN PASSWORD 'p';",
                Some("ALTER ROLE \"x WITH y\""),
            ),
            (
                "ALTER ROLE x SET work_mem TO '1MB';",
                Some("ALTER ROLE x SET work_mem"),
            ),
            (
                "ALTER ROLE ALL SET search_path FROM CURRENT;",
                Some("ALTER ROLE ALL SET search_path"),
            ),
            ("COMMENT ON ROLE x IS 'y';", Some("COMMENT ON ROLE x")),
            (
                "SECURITY LABEL FOR p ON TABLESPACE \" IS \" IS 'y';",
                Some("SECURITY LABEL FOR p ON TABLESPACE \" IS \""),
            ),
            (
                "CREATE TABLESPACE t OWNER o LOCATION '/x';",
                Some("CREATE TABLESPACE t"),
            ),
            ("ALTER TABLESPACE t SET (a=1);", Some("ALTER TABLESPACE t")),
            (
                "GRANT a TO b WITH ADMIN OPTION, INHERIT TRUE GRANTED BY c;",
                Some("GRANT a TO b GRANTED BY c"),
            ),
            ("GRANT a TO b;", Some("GRANT a TO b")),
            ("GRANT ALL ON TABLESPACE t TO b;", None),
            ("RESET SESSION AUTHORIZATION;", None),
        ] {
            let found =
                subject(&statement.into(), Encoding::Utf8).map(|subject| subject.to_string());
            assert_eq!(found.as_deref(), expected, "{statement}");
        }
    }

    #[test]
    fn privileges_are_on_tablespaces_and_parameters() {
        for (statement, expected) in [
            (
                "CREATE TABLESPACE \" TO \" OWNER o LOCATION '';",
                Some("TABLESPACE \" TO \""),
            ),
            (
                "REVOKE GRANT OPTION FOR ALL ON TABLESPACE t FROM o;",
                Some("TABLESPACE t"),
            ),
            ("GRANT ALL ON TABLESPACE t TO o;", Some("TABLESPACE t")),
            (
                "GRANT SET ON PARAMETER work_mem TO o WITH GRANT OPTION;",
                Some("PARAMETER work_mem"),
            ),
            ("GRANT \" ON TABLESPACE \" TO o;", None),
            ("COMMENT ON TABLESPACE t IS ' TO ';", None),
        ] {
            let found =
                object(statement.as_bytes(), Encoding::Utf8).map(|object| object.to_string());
            assert_eq!(found.as_deref(), expected, "{statement}");
        }
    }
}
