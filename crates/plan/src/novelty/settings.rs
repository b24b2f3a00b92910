//! Settings of routines, of databases, and of roles in them.

use bstr::BString;

use super::Place;
use super::find::{name_at, words_with_gap};
use super::statement::Statement;

/// Settings that a definition gives values to, each with its place, in small letters as servers compare them.
pub(crate) fn settings(descriptor: &[u8], text: &[u8]) -> Vec<(BString, Place)> {
    let is_routine = matches!(descriptor, b"FUNCTION" | b"PROCEDURE");
    if !is_routine && descriptor != b"DATABASE PROPERTIES" {
        return Vec::new();
    }
    let s = Statement::new(text);
    let is_outside = |at: usize, word: &str| s.depth(at) == 0 && s.has(at, &[word]);
    // Before its language a routine has names and types, behind them its body.
    let language = (0..s.len()).find(|&at| is_outside(at, "language"));
    let clauses = match (is_routine, language) {
        (true, Some(language)) => {
            let ends = |at: &usize| {
                ["as", "begin", "return"]
                    .iter()
                    .any(|end| is_outside(*at, end))
            };
            language + 2..(language + 2..s.len()).find(ends).unwrap_or(s.len())
        }
        (true, None) => return Vec::new(),
        (false, _) => 0..s.len(),
    };
    let found = clauses
        .clone()
        .filter(|&at| is_outside(at, "set") && s.is_name(at + 1));
    let found = found.filter_map(|at| {
        let name = name_at(&s, at + 1);
        if !s.has(name.end, &["to"]) {
            return None;
        }
        let mut behind = name.end..clauses.end;
        let clause = match is_routine {
            true => {
                at..behind
                    .find(|&at| is_outside(at, "set"))
                    .unwrap_or(clauses.end)
            }
            false => s.around(at),
        };
        let place = Place::cut(s.range(clause.clone()), words_with_gap(&s, clause));
        Some((s.name(name).to_ascii_lowercase().into(), place))
    });
    found.collect()
}

/// The tablespace that a `CREATE DATABASE` names, and where.
pub(crate) fn tablespace(text: &[u8]) -> Option<(BString, Place)> {
    let s = Statement::new(text);
    let at = s.first(&["tablespace", "="])?;
    let place = Place::cut(s.range(at..at + 3), words_with_gap(&s, at..at + 3));
    s.is_name(at + 2).then(|| (s.name(at + 2..at + 3), place))
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::*;
    use crate::novelty::edited;

    /// The names of settings, and the definition without them.
    fn without(descriptor: &str, text: &str) -> (String, String) {
        let found = settings(descriptor.as_bytes(), text.as_bytes());
        let (names, places): (Vec<_>, Vec<_>) = found.into_iter().unzip();
        let names = bstr::join(" ", names).to_str_lossy().into_owned();
        (names, edited(text.as_bytes(), &places).to_string())
    }

    #[test]
    fn settings_are_cut_where_they_are_set() {
        let function = "CREATE FUNCTION s.f(set integer) RETURNS integer\n    LANGUAGE sql\n    SET \"DateStyle\" TO 'ISO, MDY'\n    \
                        SET a.b TO 'x', 'y'\n    AS $$ SET x TO 1 $$;\n";
        let (names, text) = without("FUNCTION", function);
        assert_eq!(names, "datestyle a.b");
        assert_eq!(
            text,
            "CREATE FUNCTION s.f(set integer) RETURNS integer\n    LANGUAGE sql\n    AS $$ SET x TO 1 $$;\n"
        );
        let properties =
            "ALTER DATABASE d SET work_mem TO '1MB';\nALTER ROLE r IN DATABASE d SET x TO 'y';\n";
        let (names, text) = without("DATABASE PROPERTIES", properties);
        assert_eq!((names.as_str(), text.trim()), ("work_mem x", ""));
        let body = "CREATE PROCEDURE p()\n    LANGUAGE sql\n    BEGIN ATOMIC\n UPDATE t SET a TO 1;\nEND;\n";
        assert_eq!(without("PROCEDURE", body), (String::new(), body.to_owned()));
    }

    #[test]
    fn a_database_is_made_without_its_tablespace() {
        let text = b"CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8' TABLESPACE = \"a b\";\n";
        let (name, place) = tablespace(text).unwrap();
        assert_eq!(name, "a b");
        assert_eq!(
            edited(text, &[place]),
            "CREATE DATABASE d WITH TEMPLATE = template0 ENCODING = 'UTF8';\n"
        );
    }
}
