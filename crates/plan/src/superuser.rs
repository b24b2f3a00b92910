//! What only superusers may make.

use std::ops::Range;

use bstr::BString;

use crate::words::{Word, edited, placed, words};

/// What of extensions that are not trusted only superusers may do.
pub(crate) const EXTENSION: &str = "make this extension";

/// What of an entry only superusers may do, as the end of "only superusers …". Taken from the checks of PostgreSQL's commands, which are
/// the same from 13 to 19; of subscriptions, before 16.
pub(crate) fn needed(
    descriptor: &[u8],
    schema: &[u8],
    definition: &[u8],
    major: u32,
) -> Option<&'static str> {
    Some(match descriptor {
        b"EVENT TRIGGER" => "make event triggers",
        b"FOREIGN DATA WRAPPER" => "make foreign-data wrappers",
        b"ACCESS METHOD" => "make access methods",
        b"OPERATOR CLASS" => "make operator classes",
        b"OPERATOR FAMILY" => "make operator families",
        b"TEXT SEARCH PARSER" => "make text search parsers",
        b"TEXT SEARCH TEMPLATE" => "make text search templates",
        b"PROCEDURAL LANGUAGE" => "make languages without an extension",
        b"SHELL TYPE" => "make base types",
        b"TYPE" if is_base_type(&words(definition)) => "make base types",
        b"SUBSCRIPTION" if major < 16 => "make subscriptions",
        b"PUBLICATION TABLES IN SCHEMA" => "add schemas to a publication",
        b"PUBLICATION" if has(&words(definition), &["for", "all"]) => {
            "make a publication for all tables"
        }
        b"CAST" if has(&words(definition), &["without", "function"]) => {
            "make casts without a function"
        }
        b"CAST" if is_between_built_in_types(&words(definition)) => {
            "make casts between types of the system"
        }
        b"AGGREGATE" if has_internal_state(&words(definition)) => {
            "make aggregates with an internal state"
        }
        b"ACL" if schema == b"pg_catalog" => "change privileges on what belongs to the system",
        b"FUNCTION" | b"PROCEDURE" => {
            let words = words(definition);
            let clauses = &words[clauses(&words)];
            let language = clauses.get(1);
            if language.is_some_and(|word| word.is("c") || word.is("internal")) {
                "make functions in C"
            } else if has(clauses, &["leakproof"]) {
                "make leakproof functions"
            } else if has(clauses, &["support"]) {
                "give functions a support function"
            } else {
                return None;
            }
        }
        _ => return None,
    })
}

/// A routine's definition without the clauses that only superusers may write, and those. `None` where there are none, or where what only
/// superusers make is the routine itself.
pub(crate) fn without_clauses(
    descriptor: &[u8],
    definition: &[u8],
) -> Option<(BString, Vec<BString>)> {
    if !matches!(descriptor, b"FUNCTION" | b"PROCEDURE") {
        return None;
    }
    let placed = placed(definition);
    let words: Vec<_> = placed.iter().map(|(word, _)| word.clone()).collect();
    let range = clauses(&words);
    let is_own = |language: &Word| language.is("c") || language.is("internal");
    if words[range.clone()].get(1).is_none_or(is_own) {
        return None;
    }
    let mut edits = Vec::new();
    let mut left_out = Vec::new();
    // Behind the language's name.
    let mut at = range.start + 2;
    while at < range.end {
        let mut end = at + 1;
        if words[at].is("support") {
            // A name, with its schema.
            end += 1;
            while words.get(end) == Some(&Word::Sign(b'.')) {
                end += 2;
            }
        } else if !words[at].is("leakproof") {
            at = end;
            continue;
        }
        let end = end.min(placed.len());
        let range = placed[at].1.start..placed[end - 1].1.end;
        left_out.push(definition[range.clone()].into());
        // With the space before it.
        edits.push((placed[at - 1].1.end..range.end, BString::default()));
        at = end;
    }
    (!edits.is_empty()).then(|| (edited(definition, &edits), left_out))
}

/// Whether the statement makes a type by functions of its own: `CREATE TYPE name (…)` or a name alone.
fn is_base_type(words: &[Word]) -> bool {
    !words.iter().any(|word| word.is("as"))
}

/// Whether a cast has no type that somebody could own: in archives all others are written with their schemas.
fn is_between_built_in_types(words: &[Word]) -> bool {
    let mut types = words
        .iter()
        .skip_while(|word| **word != Word::Sign(b'('))
        .take_while(|word| **word != Word::Sign(b')'));
    !types.any(|word| *word == Word::Sign(b'.'))
}

/// Whether the state of an aggregate, or that for moving frames, is of the type `internal`.
fn has_internal_state(words: &[Word]) -> bool {
    words.windows(3).any(|window| {
        (window[0].is("stype") || window[0].is("mstype"))
            && window[1] == Word::Sign(b'=')
            && window[2].is("internal")
    })
}

/// Where the clauses of a routine stand, from its language on to its settings or its body. Before and after them, any of the keywords may be a
/// name.
fn clauses(words: &[Word]) -> Range<usize> {
    let mut depth = 0usize;
    let mut is_signature_over = false;
    let begin = words.iter().position(|word| {
        match word {
            Word::Sign(b'(') => depth += 1,
            Word::Sign(b')') => {
                depth = depth.saturating_sub(1);
                is_signature_over |= depth == 0;
            }
            _ => {}
        }
        is_signature_over && depth == 0 && word.is("language")
    });
    let begin = begin.unwrap_or(words.len());
    let ends = |word: &Word| {
        ["as", "set", "begin", "return"]
            .iter()
            .any(|end| word.is(end))
    };
    // The language's own name may be any.
    let end = words.iter().skip(begin + 2).position(ends);
    begin..end.map_or(words.len(), |end| begin + 2 + end)
}

/// Whether keywords stand one after the other.
fn has(words: &[Word], keywords: &[&str]) -> bool {
    words.windows(keywords.len()).any(|window| {
        window
            .iter()
            .zip(keywords)
            .all(|(word, keyword)| word.is(keyword))
    })
}

/// What hosts of managed servers may let their administrators do of that, or of the rest.
#[cfg(test)]
pub(crate) const KEPT: &[&str] = &[
    "make event triggers",
    "make foreign-data wrappers",
    "make a publication for all tables",
    "add schemas to a publication",
    "make subscriptions",
    EXTENSION,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clauses_of_superusers_are_left_out() {
        let without = |definition: &str| {
            let (text, clauses) = without_clauses(b"FUNCTION", definition.as_bytes())?;
            Some((text.to_string(), bstr::join(", ", clauses)))
        };
        let sql = "CREATE FUNCTION s.leakproof(support integer) RETURNS boolean\n    \
                   LANGUAGE sql IMMUTABLE LEAKPROOF SUPPORT s.\"f g\" COST 5\n    AS $$ SELECT 1 LEAKPROOF $$;\n";
        let expected = sql.replace(" LEAKPROOF SUPPORT s.\"f g\"", "");
        assert_eq!(
            without(sql),
            Some((expected.clone(), b"LEAKPROOF, SUPPORT s.\"f g\"".to_vec()))
        );
        assert_eq!(without(&expected), None);
        assert_eq!(without(&sql.replace("sql", "c")), None);
    }

    #[test]
    fn what_only_superusers_make_is_told_by_its_definition() {
        let is_needed = |descriptor: &str, definition: &str| {
            needed(descriptor.as_bytes(), b"s", definition.as_bytes(), 17).is_some()
        };
        assert!(is_needed(
            "TYPE",
            "CREATE TYPE s.base (\n    INTERNALLENGTH = 4\n);\n"
        ));
        assert!(!is_needed(
            "TYPE",
            "CREATE TYPE s.mood AS ENUM (\n    'a'\n);\n"
        ));
        assert!(is_needed(
            "FUNCTION",
            "CREATE FUNCTION f() RETURNS int\n    LANGUAGE c\n    AS 'x', 'y';\n"
        ));
        assert!(!is_needed(
            "FUNCTION",
            "CREATE FUNCTION f() RETURNS int\n    LANGUAGE sql\n    AS $$ SELECT 1 -- LANGUAGE c\n$$;\n"
        ));
        let named = "CREATE FUNCTION s.leakproof(support integer) RETURNS TABLE(support numeric)\n    \
                     LANGUAGE sql COST 10\n    BEGIN ATOMIC\n SELECT t.support FROM s.t;\nEND;\n";
        assert!(!is_needed("FUNCTION", named));
        assert!(is_needed(
            "PUBLICATION",
            "CREATE PUBLICATION p FOR ALL TABLES WITH (publish = 'insert');\n"
        ));
        assert!(!is_needed(
            "PUBLICATION",
            "CREATE PUBLICATION p WITH (publish = 'insert');\n"
        ));
        assert!(!is_needed("SUBSCRIPTION", "CREATE SUBSCRIPTION s …"));
        assert!(needed(b"SUBSCRIPTION", b"", b"", 15).is_some());
        let built_in = "CREATE CAST (date AS double precision) WITH FUNCTION s.f(date);\n";
        assert!(is_needed("CAST", built_in));
        let own = "CREATE CAST (s.small AS integer) WITH FUNCTION s.f(s.small);\n";
        assert!(!is_needed("CAST", own));
        let state = "CREATE AGGREGATE s.a(integer) (\n    SFUNC = s.f,\n    STYPE = internal\n);\n";
        assert!(is_needed("AGGREGATE", state));
    }
}
