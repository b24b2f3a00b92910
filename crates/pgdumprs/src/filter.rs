//! Filter files: rules that include or exclude, one a line, as `pg_dump --filter` and `pg_restore --filter` read them.

use bstr::{BStr, BString};
use pgdumprs_script::Options;

use crate::Dump;

/// Why a filter could not be read.
#[derive(Debug, thiserror::Error)]
#[error("on line {line}: {reason}")]
#[non_exhaustive]
pub struct FilterError {
    /// The line, counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl Dump {
    /// Chooses what is dumped by the rules of a filter file.
    ///
    /// Each line is `include` or `exclude`, a kind of object, and a pattern (see [`Dump::include_table`]). Kinds are `extension`,
    /// `schema`, `table`, `table_and_children`, for `include` also `foreign_data` with a foreign server's name, and for `exclude`
    /// also `table_data` and `table_data_and_children`. Empty lines and what follows a `#` do not count.
    ///
    /// # Errors
    ///
    /// [`FilterError`] where a line is not of this form.
    pub fn filter(self, rules: &[u8]) -> Result<Self, FilterError> {
        let rules = read_rules(rules, choice)?;
        let chosen = rules.into_iter();
        Ok(chosen.fold(self, |dump, (apply, pattern)| apply(dump, pattern.into())))
    }
}

/// Tells a dump of a pattern.
type Choose = fn(Dump, Vec<u8>) -> Dump;

/// What a rule tells a dump; nothing where pg_dump cannot choose so.
fn choice(include: bool, kind: &[u8]) -> Option<Choose> {
    Some(match (include, kind) {
        (true, b"extension") => Dump::limit_extensions,
        (true, b"foreign_data") => Dump::include_foreign_data,
        (true, b"schema") => Dump::include_schema,
        (true, b"table") => Dump::include_table,
        (true, b"table_and_children") => Dump::include_table_and_children,
        (false, b"extension") => Dump::exclude_extension,
        (false, b"schema") => Dump::exclude_schema,
        (false, b"table") => Dump::exclude_table,
        (false, b"table_and_children") => Dump::exclude_table_and_children,
        (false, b"table_data") => Dump::exclude_table_data,
        (false, b"table_data_and_children") => Dump::exclude_table_data_and_children,
        _ => return None,
    })
}

/// Adds to `options` what the rules of a filter file choose of an archive.
///
/// As [`Dump::filter`], with names in place of patterns. Kinds are `function`, `index`, `schema`, `table` and `trigger` for `include`, and
/// `schema` for `exclude`.
///
/// # Errors
///
/// [`FilterError`] where a line is not of this form.
pub fn filtered(mut options: Options, rules: &[u8]) -> Result<Options, FilterError> {
    let rules = read_rules(rules, |include, kind| {
        let names: fn(&mut Options) -> &mut Vec<BString> = match (include, kind) {
            (true, b"function") => |options| &mut options.functions,
            (true, b"index") => |options| &mut options.indexes,
            (true, b"schema") => |options| &mut options.schemas,
            (true, b"table") => |options| &mut options.tables,
            (true, b"trigger") => |options| &mut options.triggers,
            (false, b"schema") => |options| &mut options.exclude_schemas,
            _ => return None,
        };
        Some(names)
    })?;
    for (names, name) in rules {
        names(&mut options).push(name);
    }
    Ok(options)
}

/// The kinds of objects that a filter can name, whoever reads it.
const KINDS: [&[u8]; 11] = [
    b"database",
    b"extension",
    b"foreign_data",
    b"function",
    b"index",
    b"schema",
    b"table",
    b"table_and_children",
    b"table_data",
    b"table_data_and_children",
    b"trigger",
];

/// Reads the rules of a filter file. `meaning` says what to include or exclude of a kind means, and nothing where that cannot be chosen.
///
/// # Errors
///
/// [`FilterError`] where a line is no such rule.
pub(crate) fn read_rules<T>(
    rules: &[u8],
    meaning: impl Fn(bool, &[u8]) -> Option<T>,
) -> Result<Vec<(T, BString)>, FilterError> {
    let mut read = Vec::new();
    let mut lines = Lines::new(rules);
    while let Some(line) = lines.next() {
        let text = line.trim_ascii_start();
        if text.is_empty() || text[0] == b'#' {
            continue;
        }
        let (command, rest) = word(text);
        let include = match command.to_ascii_lowercase().as_slice() {
            b"include" => true,
            b"exclude" => false,
            _ => {
                return Err(
                    lines.error("invalid filter command (expected \"include\" or \"exclude\")")
                );
            }
        };
        let (kind, rest) = word(rest.trim_ascii_start());
        if kind.is_empty() {
            return Err(lines.error("missing filter object type"));
        }
        let kind_name = kind.to_ascii_lowercase();
        if !KINDS.contains(&kind_name.as_slice()) {
            let kind = BStr::new(kind);
            return Err(lines.error(format!("unsupported filter object type: \"{kind}\"")));
        }
        let pattern = read_pattern(rest, &mut lines)?;
        let Some(meant) = meaning(include, &kind_name) else {
            let command = if include { "include" } else { "exclude" };
            let kind = BStr::new(&kind_name).to_string().replace('_', " ");
            return Err(lines.error(format!("{command} filter for \"{kind}\" is not allowed")));
        };
        read.push((meant, pattern));
    }
    Ok(read)
}

/// Splits off the letters up to the next white space.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().position(is_space).unwrap_or(text.len()))
}

fn is_space(byte: &u8) -> bool {
    // A vertical tab is no ASCII white space to Rust, but to C.
    byte.is_ascii_whitespace() || *byte == 0x0b
}

/// The lines of a file: a quoted name may go on over several.
struct Lines<'a> {
    rest: std::slice::Split<'a, u8, fn(&u8) -> bool>,
    number: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a [u8]) -> Self {
        // A newline ends a line rather than to begin one.
        let text = text.strip_suffix(b"\n").unwrap_or(text);
        Self {
            rest: text.split(|byte| *byte == b'\n'),
            number: 0,
        }
    }

    fn next(&mut self) -> Option<&'a [u8]> {
        let line = self.rest.next()?;
        self.number += 1;
        Some(line)
    }

    fn error(&self, reason: impl Into<String>) -> FilterError {
        FilterError {
            line: self.number,
            reason: reason.into(),
        }
    }
}

/// Reads a pattern up to the end of the line or to a comment, with white space in one fashion: none around dots and parentheses,
/// one space behind a comma and between words.
fn read_pattern<'a>(text: &'a [u8], lines: &mut Lines<'a>) -> Result<BString, FilterError> {
    let mut rest = skip_space(text);
    if rest.is_empty() {
        return Err(lines.error("missing object name pattern"));
    }
    let mut pattern = BString::default();
    let mut glued = true;
    let mut spaced = false;
    while let Some(&first) = rest.first() {
        match first {
            b'#' => break,
            b'"' => {
                if spaced {
                    pattern.push(b' ');
                }
                rest = read_quoted(rest, lines, &mut pattern)?;
                glued = false;
            }
            b',' => {
                pattern.extend_from_slice(b", ");
                glued = true;
                rest = &rest[1..];
            }
            b'.' | b'(' | b')' => {
                pattern.push(first);
                glued = true;
                rest = &rest[1..];
            }
            _ => {
                if spaced && !glued {
                    pattern.push(b' ');
                }
                let end = |byte: &u8| is_space(byte) || b"#,.()\"".contains(byte);
                let (plain, after) = rest.split_at(rest.iter().position(end).unwrap_or(rest.len()));
                pattern.extend_from_slice(plain);
                rest = after;
                glued = false;
            }
        }
        let after = skip_space(rest);
        spaced = after.len() < rest.len();
        rest = after;
    }
    Ok(pattern)
}

fn skip_space(text: &[u8]) -> &[u8] {
    &text[text
        .iter()
        .position(|byte| !is_space(byte))
        .unwrap_or(text.len())..]
}

/// Reads a name in double quotes, quotes included, from the first of them; `\n` and `\\` stand for a newline and a backslash.
/// Gives what is behind the last quote, in the line where that is.
fn read_quoted<'a>(
    text: &'a [u8],
    lines: &mut Lines<'a>,
    pattern: &mut BString,
) -> Result<&'a [u8], FilterError> {
    pattern.push(b'"');
    let mut rest = &text[1..];
    loop {
        let Some((&first, after)) = rest.split_first() else {
            let Some(next) = lines.next() else {
                return Err(lines.error("unexpected end of file"));
            };
            pattern.push(b'\n');
            rest = next;
            continue;
        };
        rest = after;
        match (first, after.first()) {
            (b'\r', _) => {}
            (b'"', Some(b'"')) => {
                pattern.extend_from_slice(b"\"\"");
                rest = &after[1..];
            }
            (b'"', _) => {
                pattern.push(b'"');
                return Ok(rest);
            }
            (b'\\', Some(escaped)) => {
                match escaped {
                    b'n' => pattern.push(b'\n'),
                    b'\\' => pattern.push(b'\\'),
                    _ => {}
                }
                rest = &after[1..];
            }
            _ => pattern.push(first),
        }
    }
}

#[cfg(test)]
mod tests {
    use pgdumprs_connect::ConnectParams;

    use super::*;

    fn filter(rules: &str) -> Result<Vec<(String, bool)>, String> {
        let dump = Dump::with_params(ConnectParams::new());
        let dump = dump
            .filter(rules.as_bytes())
            .map_err(|error| error.to_string())?;
        let patterns = dump.options.patterns.all.iter();
        Ok(patterns
            .map(|pattern| (pattern.text.to_string(), pattern.and_children))
            .collect())
    }

    fn texts(rules: &str) -> Vec<String> {
        let rules = filter(rules).unwrap();
        rules.into_iter().map(|(text, _)| text).collect()
    }

    #[test]
    fn rules_are_read() {
        let rules = "# comment\n\n  include table a # behind\nEXCLUDE\tTable_And_Children\t b.c\r\nexclude schema x*";
        let expected = [("a", false), ("b.c", true), ("x*", false)];
        let expected: Vec<_> = expected
            .map(|(text, children)| (text.to_owned(), children))
            .into();
        assert_eq!(filter(rules), Ok(expected));
    }

    #[test]
    fn white_space_has_one_fashion() {
        assert_eq!(texts("include table  a . b"), ["a.b"]);
        assert_eq!(
            texts("include table \"A b\" .\"c # d\" # e"),
            ["\"A b\".\"c # d\""]
        );
        assert_eq!(texts("include table a   b"), ["a b"]);
        assert_eq!(texts("include table f( a ,b )"), ["f(a, b)"]);
    }

    #[test]
    fn quoted_names_go_over_lines() {
        let rules = "include table \"a\nb\"\ninclude table \"c\\nd\\\\\"\"\"\nexclude table e";
        assert_eq!(texts(rules), ["\"a\nb\"", "\"c\nd\\\"\"\"", "e"]);
        assert_eq!(
            filter("include table \"a\n\n"),
            Err("on line 2: unexpected end of file".into())
        );
    }

    #[test]
    fn names_in_an_archive_are_chosen() {
        let rules = "include table a\ninclude table b\nexclude schema s\ninclude function f(a,b)\ninclude index i\ninclude trigger t\ninclude schema n";
        let options = filtered(Options::default(), rules.as_bytes()).unwrap();
        assert_eq!(options.tables, ["a", "b"]);
        assert_eq!(options.exclude_schemas, ["s"]);
        assert_eq!(options.functions, ["f(a, b)"]);
        assert_eq!(options.indexes, ["i"]);
        assert_eq!(options.triggers, ["t"]);
        assert_eq!(options.schemas, ["n"]);
        let error = filtered(Options::default(), b"exclude table a").unwrap_err();
        assert_eq!(error.reason, "exclude filter for \"table\" is not allowed");
    }

    #[test]
    fn bad_lines_are_named() {
        for (rules, message) in [
            ("\nfetch table a", "on line 2: invalid filter command"),
            ("include", "on line 1: missing filter object type"),
            ("include table", "on line 1: missing object name pattern"),
            (
                "include tables a",
                "on line 1: unsupported filter object type: \"tables\"",
            ),
            (
                "include table_data a",
                "on line 1: include filter for \"table data\" is not allowed",
            ),
            (
                "exclude foreign_data a",
                "on line 1: exclude filter for \"foreign data\" is not allowed",
            ),
        ] {
            let error = filter(rules).unwrap_err();
            assert!(error.starts_with(message), "{rules:?}: {error}");
        }
    }
}
