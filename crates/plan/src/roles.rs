//! The roles that a definition names, and the definition with others in their place.

use std::ops::Range;

use bstr::BString;

use crate::obstacle::RoleUse;
use crate::words::{Word, edited, placed};

/// What becomes of a role where a definition names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// It stays.
    Itself,
    /// This stands in its place, with quotes if it needs any.
    Written(BString),
    /// What is done for it, by it or about it is left out, and all else stays.
    Nothing,
}

/// A role where it stands.
#[derive(Clone, Debug)]
struct Place {
    /// `None` for `PUBLIC`, which is no role.
    role: Option<BString>,
    used: RoleUse,
    at: Range<usize>,
}

/// A statement with its words.
struct Statement {
    /// With the semicolon and the line's end behind it.
    at: Range<usize>,
    words: Vec<(Word, Range<usize>)>,
}

/// Roles named in a definition of a kind, in the order in which they stand there, and what they are there for. `PUBLIC` is no role.
pub(crate) fn named(descriptor: &[u8], definition: &[u8]) -> Vec<(BString, RoleUse)> {
    let statements = statements(descriptor, definition);
    let places = statements
        .iter()
        .flat_map(|statement| places(descriptor, statement));
    places
        .filter_map(|place| Some((place.role?, place.used)))
        .collect()
}

/// A definition of a kind with what `instead` says in the place of roles. `None` where nothing changes; empty where nothing is left.
///
/// Of a list of roles the others stay. A policy for nobody is none, rather than one for all.
pub(crate) fn rewritten(
    descriptor: &[u8],
    definition: &[u8],
    mut instead: impl FnMut(&BString, RoleUse) -> Instead,
) -> Option<BString> {
    let mut edits: Vec<(Range<usize>, BString)> = Vec::new();
    let mut is_left = false;
    // The statement that takes back who gives the privileges goes with the one that says so.
    let mut goes_back = false;
    for statement in statements(descriptor, definition) {
        if goes_back && is_reset(&statement.words) {
            goes_back = false;
            edits.push((statement.at, BString::default()));
            continue;
        }
        let places = places(descriptor, &statement);
        let mut is_gone = false;
        // Places of one use stand in one list.
        for list in places.chunk_by(|a, b| a.used == b.used) {
            let (first, last) = (&list[0].at, &list[list.len() - 1].at);
            let mut has_changed = false;
            let kept = list.iter().filter_map(|place| {
                let text = BString::from(&definition[place.at.clone()]);
                let Some(role) = &place.role else {
                    return Some(text);
                };
                let instead = instead(role, place.used);
                has_changed |= instead != Instead::Itself;
                match instead {
                    Instead::Itself => Some(text),
                    Instead::Written(text) => Some(text),
                    Instead::Nothing => None,
                }
            });
            let kept: Vec<_> = kept.collect();
            if kept.is_empty() {
                is_gone = true;
                goes_back |= list[0].used == RoleUse::Grantor;
            } else if has_changed {
                edits.push((first.start..last.end, bstr::join(", ", &kept).into()));
            }
        }
        if is_gone {
            edits.retain(|(at, _)| at.start < statement.at.start);
            edits.push((statement.at, BString::default()));
        } else {
            // Who does what is of no use alone.
            is_left |= !is_about_session(&statement.words);
        }
    }
    if edits.is_empty() {
        return None;
    }
    match is_left {
        true => Some(edited(definition, &edits)),
        false => Some(BString::default()),
    }
}

/// The statements of a definition of a kind that may name roles. Policies and user mappings are one each.
fn statements(descriptor: &[u8], text: &[u8]) -> Vec<Statement> {
    let mut statements = Vec::new();
    if !matches!(
        descriptor,
        b"ACL"
            | b"ACL LANGUAGE"
            | b"DEFAULT ACL"
            | b"POLICY"
            | b"USER MAPPING"
            | b"DATABASE PROPERTIES"
    ) {
        return statements;
    }
    let mut words = Vec::new();
    for (word, at) in placed(text) {
        let is_end = word == Word::Sign(b';');
        words.push((word, at.clone()));
        if is_end {
            let newline = usize::from(text[at.end..].starts_with(b"\n"));
            statements.push(Statement {
                at: words[0].1.start..at.end + newline,
                words: std::mem::take(&mut words),
            });
        }
    }
    if let Some((_, first)) = words.first() {
        statements.push(Statement {
            at: first.start..text.len(),
            words,
        });
    }
    statements
}

/// The roles of a statement.
fn places(descriptor: &[u8], statement: &Statement) -> Vec<Place> {
    let words = &statement.words[..];
    match descriptor {
        b"ACL" | b"ACL LANGUAGE" => grantees(words),
        b"DEFAULT ACL" => {
            let mut places = list(after(words, &["for", "role"]), RoleUse::DefaultPrivileges);
            places.extend(grantees(words));
            places
        }
        b"POLICY" => list(after_keyword(words, "to"), RoleUse::Policy),
        b"USER MAPPING" => list(after_mapping(words), RoleUse::UserMapping),
        b"DATABASE PROPERTIES" if starts(words, &["alter", "role"]) => {
            list(&words[2..], RoleUse::Settings)
        }
        _ => Vec::new(),
    }
}

/// The roles that a GRANT gives to, a REVOKE takes from, or that a session becomes to do either.
fn grantees(words: &[(Word, Range<usize>)]) -> Vec<Place> {
    let verb = words
        .iter()
        .find(|(word, _)| word.is("grant") || word.is("revoke") || word.is("authorization"));
    match verb {
        Some((word, _)) if word.is("grant") => list(after_keyword(words, "to"), RoleUse::Grantee),
        Some((word, _)) if word.is("revoke") => {
            list(after_keyword(words, "from"), RoleUse::Grantee)
        }
        Some(_) if is_reset(words) => Vec::new(),
        Some(_) => list(after(words, &["authorization"]), RoleUse::Grantor),
        None => Vec::new(),
    }
}

/// Whether a statement says who the session acts for.
fn is_about_session(words: &[(Word, Range<usize>)]) -> bool {
    starts(words, &["set", "session", "authorization"]) || is_reset(words)
}

/// Whether a session goes back to the role that it began with.
fn is_reset(words: &[(Word, Range<usize>)]) -> bool {
    starts(words, &["reset", "session", "authorization"])
        || starts(words, &["set", "session", "authorization", "default"])
}

/// What follows `USER MAPPING FOR`, or `USER MAPPING IF EXISTS FOR`.
fn after_mapping(words: &[(Word, Range<usize>)]) -> &[(Word, Range<usize>)] {
    match after(words, &["mapping", "for"]) {
        [] => after(words, &["mapping", "if", "exists", "for"]),
        found => found,
    }
}

/// Whether keywords stand at the beginning.
fn starts(words: &[(Word, Range<usize>)], keywords: &[&str]) -> bool {
    words.len() >= keywords.len() && are(words, keywords)
}

fn are(words: &[(Word, Range<usize>)], keywords: &[&str]) -> bool {
    words
        .iter()
        .zip(keywords)
        .all(|((word, _), keyword)| word.is(keyword))
}

/// What follows certain keywords that stand one after the other.
fn after<'a>(words: &'a [(Word, Range<usize>)], keywords: &[&str]) -> &'a [(Word, Range<usize>)] {
    let at = words
        .windows(keywords.len())
        .position(|window| are(window, keywords));
    at.map_or(&[], |at| &words[at + keywords.len()..])
}

/// What follows the first such keyword that is not between parentheses: it is a reserved word, which no name is without quotes.
fn after_keyword<'a>(
    words: &'a [(Word, Range<usize>)],
    keyword: &str,
) -> &'a [(Word, Range<usize>)] {
    let mut depth = 0usize;
    for (at, (word, _)) in words.iter().enumerate() {
        match word {
            Word::Sign(b'(') => depth += 1,
            Word::Sign(b')') => depth = depth.saturating_sub(1),
            word if depth == 0 && word.is(keyword) => return &words[at + 1..],
            _ => {}
        }
    }
    &[]
}

/// The names of a list with commas. A server takes `public` for everybody with quotes too.
fn list(words: &[(Word, Range<usize>)], used: RoleUse) -> Vec<Place> {
    let mut places = Vec::new();
    let mut words = words.iter().filter(|(word, _)| !word.is("group"));
    while let Some((word, at)) = words.next() {
        let Some(name) = word.name() else { break };
        places.push(Place {
            role: Some(name.clone()).filter(|name| name != "public"),
            used,
            at: at.clone(),
        });
        if words.next().map(|(word, _)| word) != Some(&Word::Sign(b',')) {
            break;
        }
    }
    places
}

#[cfg(test)]
mod tests {
    use bstr::ByteSlice;

    use super::*;

    const PRIVILEGES: &str = "REVOKE ALL ON TABLE s.\"to\" FROM PUBLIC;\nSET SESSION AUTHORIZATION boss;\n\
                              GRANT SELECT(\"from\"),UPDATE ON TABLE s.\"to\" TO \"Re ader\" WITH GRANT OPTION;\n\
                              RESET SESSION AUTHORIZATION;\n";
    const DEFAULTS: &str =
        "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA s GRANT SELECT ON TABLES TO reader;\n";
    const POLICY: &str =
        "CREATE POLICY p ON s.t FOR SELECT TO a, \"B\" USING ((x = 'TO c'::text));\n";
    const MAPPING: &str = "CREATE USER MAPPING FOR a SERVER s OPTIONS (\n    \"user\" 'x'\n);\n";

    #[test]
    fn roles_are_found_where_they_stand() {
        let found = |descriptor: &str, definition: &str| {
            let roles = named(descriptor.as_bytes(), definition.as_bytes());
            let roles = roles.iter().map(|(role, used)| format!("{role} {used:?}"));
            roles.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(found("ACL", PRIVILEGES), "boss Grantor, Re ader Grantee");
        assert_eq!(
            found("DEFAULT ACL", DEFAULTS),
            "owner DefaultPrivileges, reader Grantee"
        );
        assert_eq!(found("POLICY", POLICY), "a Policy, B Policy");
        let everybody = "CREATE POLICY p ON s.t USING (true);\n";
        assert_eq!(found("POLICY", everybody), "");
        assert_eq!(found("USER MAPPING", MAPPING), "a UserMapping");
        assert_eq!(found("TABLE", "CREATE TABLE t ();\n"), "");
        let properties = "ALTER DATABASE d CONNECTION LIMIT = 3;\nALTER ROLE a IN DATABASE d SET search_path TO 'b';\n";
        assert_eq!(found("DATABASE PROPERTIES", properties), "a Settings");
        assert_eq!(
            found("ACL", "GRANT SELECT ON TABLE t TO GROUP a;\n"),
            "a Grantee"
        );
    }

    fn without(descriptor: &str, definition: &str, roles: &[&str]) -> Option<String> {
        let instead = |role: &BString, _| match roles.contains(&role.to_str_lossy().as_ref()) {
            true => Instead::Nothing,
            false => Instead::Itself,
        };
        rewritten(descriptor.as_bytes(), definition.as_bytes(), instead)
            .map(|text| text.to_string())
    }

    #[test]
    fn roles_are_written_otherwise_only_where_they_are_roles() {
        let renamed = |descriptor: &str, definition: &str| {
            let instead = |role: &BString, _| Instead::Written(format!("\"{role}!\"").into());
            let text = rewritten(descriptor.as_bytes(), definition.as_bytes(), instead);
            text.unwrap().to_string()
        };
        assert_eq!(
            renamed("ACL", PRIVILEGES),
            PRIVILEGES
                .replace("boss", "\"boss!\"")
                .replace("\"Re ader\"", "\"Re ader!\"")
        );
        assert_eq!(
            renamed(
                "POLICY",
                "CREATE POLICY a ON s.a TO a, PUBLIC USING ((a = 'a'::text)); -- a\n"
            ),
            "CREATE POLICY a ON s.a TO \"a!\", PUBLIC USING ((a = 'a'::text)); -- a\n"
        );
        assert_eq!(
            renamed(
                "USER MAPPING",
                "DROP USER MAPPING IF EXISTS FOR a SERVER a;\n"
            ),
            "DROP USER MAPPING IF EXISTS FOR \"a!\" SERVER a;\n"
        );
    }

    #[test]
    fn what_is_about_a_role_is_left_out_and_nothing_else() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(without("ACL", PRIVILEGES, &["nobody"]), None);
        assert_eq!(
            without("ACL", PRIVILEGES, &["Re ader"]),
            some(
                "REVOKE ALL ON TABLE s.\"to\" FROM PUBLIC;\nSET SESSION AUTHORIZATION boss;\nRESET SESSION AUTHORIZATION;\n"
            )
        );
        assert_eq!(
            without("ACL", PRIVILEGES, &["boss"]),
            some(
                "REVOKE ALL ON TABLE s.\"to\" FROM PUBLIC;\n\
                 GRANT SELECT(\"from\"),UPDATE ON TABLE s.\"to\" TO \"Re ader\" WITH GRANT OPTION;\n"
            )
        );
        let alone = "SET SESSION AUTHORIZATION boss;\nGRANT SELECT ON TABLE t TO a;\nRESET SESSION AUTHORIZATION;\n";
        assert_eq!(without("ACL", alone, &["a"]), some(""));
        assert_eq!(without("DEFAULT ACL", DEFAULTS, &["reader"]), some(""));
        assert_eq!(without("DEFAULT ACL", DEFAULTS, &["owner"]), some(""));
        assert_eq!(without("USER MAPPING", MAPPING, &["a"]), some(""));
    }

    #[test]
    fn a_policy_is_never_for_more_than_it_was() {
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(
            without("POLICY", POLICY, &["a"]),
            some(&POLICY.replace("a, \"B\"", "\"B\""))
        );
        assert_eq!(
            without("POLICY", POLICY, &["B"]),
            some(&POLICY.replace("a, \"B\"", "a"))
        );
        assert_eq!(without("POLICY", POLICY, &["a", "B"]), some(""));
    }
}
