//! Values of configuration settings, as `ALTER … SET` and `CREATE FUNCTION … SET` take them.

use bstr::{BString, ByteSlice};

use crate::text::sql;

/// Settings whose values are lists of names. The server keeps those with each name quoted as an identifier, but SQL must have
/// them as literals: an identifier cannot be empty or long, and paths can. (Settings marked `GUC_LIST_QUOTE` in PostgreSQL 19.)
const LISTS: &[&str] = &[
    "local_preload_libraries",
    "oauth_validator_libraries",
    "output_plugin_libraries",
    "search_path",
    "session_preload_libraries",
    "shared_preload_libraries",
    "temp_tablespaces",
    "unix_socket_directories",
];

/// The value of the setting `name` as SQL for a server with the version number `version`, with each string written by `literal`.
///
/// Before 19 SQL has no word for an empty list. What comes nearest is a list of one empty name: as a search path and for temporary
/// tablespaces it does the same, and elsewhere a function's setting does nothing.
pub(crate) fn value(
    version: u32,
    name: &[u8],
    value: &[u8],
    literal: impl Fn(&[u8]) -> BString,
) -> BString {
    if is_empty_list(name, value) {
        return if version >= 190000 {
            "NULL".into()
        } else {
            literal(b"")
        };
    }
    if is_list(name) {
        // A list that the server would not have accepted is left out, as pg_dump does.
        let names = split_list(value).unwrap_or_default();
        sql::join(names.iter().map(|name| literal(name)), ", ")
    } else {
        literal(value)
    }
}

/// `ALTER … SET` for `whose` sessions, of a `setting` as `name=value`, with names and strings written by `ident` and `literal`.
pub(crate) fn set_command(
    version: u32,
    whose: &BString,
    setting: &BString,
    ident: impl Fn(&[u8]) -> BString,
    literal: impl Fn(&[u8]) -> BString,
) -> BString {
    let Some((name, text)) = setting.split_once_str("=") else {
        return BString::default();
    };
    let set = sql!["ALTER ", whose, " SET ", ident(name)];
    if version < 190000 && is_empty_list(name, text) {
        // An empty list has no word before 19, and one empty name is not the same: sessions end where it is the name of a library.
        let empty = sql![
            "SELECT pg_catalog.set_config(",
            literal(name),
            ", '', false);\n"
        ];
        return sql![empty, set, " FROM CURRENT;\n"];
    }
    let value = value(version, name, text, literal);
    sql![set, " TO ", value, ";\n"]
}

/// Whether the setting `name` is a list of names, and there are none in it. `SET … FROM CURRENT` makes such a value, or since 19
/// `SET … TO NULL`.
fn is_empty_list(name: &[u8], value: &[u8]) -> bool {
    is_list(name) && trim_start(value).is_empty()
}

fn is_list(name: &[u8]) -> bool {
    LISTS
        .iter()
        .any(|list| name.eq_ignore_ascii_case(list.as_bytes()))
}

/// Splits a comma-separated list of names, of which some may be in double quotes.
fn split_list(text: &[u8]) -> Option<Vec<BString>> {
    let mut names = Vec::new();
    let mut rest = trim_start(text);
    if rest.is_empty() {
        return Some(names);
    }
    loop {
        let name;
        (name, rest) = match rest.strip_prefix(b"\"") {
            Some(quoted) => quoted_name(quoted)?,
            None => bare_name(rest)?,
        };
        names.push(name);
        rest = trim_start(rest);
        match rest.split_first() {
            None => return Some(names),
            Some((b',', tail)) => rest = trim_start(tail),
            Some(_) => return None,
        }
    }
}

fn is_space(byte: u8) -> bool {
    byte.is_ascii_whitespace() || byte == 0x0b
}

fn trim_start(text: &[u8]) -> &[u8] {
    let start = text
        .iter()
        .position(|&byte| !is_space(byte))
        .unwrap_or(text.len());
    &text[start..]
}

/// A name from after its opening quote, and the text after its closing one.
fn quoted_name(text: &[u8]) -> Option<(BString, &[u8])> {
    let mut name = BString::default();
    let mut rest = text;
    loop {
        let (part, tail) = rest.split_once_str(b"\"")?;
        name.extend_from_slice(part);
        match tail.strip_prefix(b"\"") {
            Some(tail) => rest = tail,
            None => return Some((name, tail)),
        }
        name.push(b'"');
    }
}

fn bare_name(text: &[u8]) -> Option<(BString, &[u8])> {
    let end = text
        .iter()
        .position(|&byte| byte == b',' || is_space(byte))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    (!name.is_empty()).then(|| (name.into(), rest))
}

#[cfg(test)]
mod tests {
    use pgdumprs_catalog::Encoding;

    use super::*;

    fn literal(text: &[u8]) -> BString {
        sql::literal(text, Encoding::Utf8)
    }

    fn list(text: &str) -> String {
        value(170_000, b"Search_Path", text.as_bytes(), literal).to_string()
    }

    #[test]
    fn lists_become_literals() {
        assert_eq!(list("\"$user\", public"), "'$user', 'public'");
        assert_eq!(
            list("\"\", \"a \"\"b\"\", c\",d\t, 'x'"),
            "'', 'a \"b\", c', 'd', '''x'''"
        );
    }

    #[test]
    fn empty_lists_are_said_as_the_server_takes_them() {
        assert_eq!(list(" "), "''");
        assert_eq!(list("\"\""), "''");
        assert_eq!(value(190_000, b"search_path", b"", literal), "NULL");
        assert_eq!(value(190_000, b"search_path", b"\"\"", literal), "''");
        assert_eq!(value(190_000, b"work_mem", b"", literal), "''");
    }

    #[test]
    fn malformed_lists_are_nothing() {
        for text in ["a,", "a b", "\"a", ",", "\"a\"b"] {
            assert_eq!(list(text), "", "{text}");
        }
    }

    #[test]
    fn other_values_are_one_literal() {
        assert_eq!(
            value(170_000, b"DateStyle", b"ISO, DMY", literal),
            "'ISO, DMY'"
        );
    }
}
