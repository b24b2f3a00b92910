//! The roles that a definition names.

use bstr::{BString, ByteSlice};

use crate::obstacle::RoleUse;
use crate::words::{Word, words};

/// Roles named in a definition of a kind, in the order in which they stand there, and what they are there for. `PUBLIC` is no role.
pub(crate) fn named(descriptor: &[u8], definition: &[u8]) -> Vec<(BString, RoleUse)> {
    match descriptor {
        b"ACL" | b"ACL LANGUAGE" => statements(definition)
            .iter()
            .flat_map(|words| grantees(words))
            .collect(),
        b"DEFAULT ACL" => statements(definition)
            .iter()
            .flat_map(|words| {
                let giver = after(words, &["for", "role"]);
                let giver = giver.first().and_then(Word::name).cloned();
                let giver = giver.map(|role| (role, RoleUse::DefaultPrivileges));
                giver.into_iter().chain(grantees(words))
            })
            .collect(),
        b"POLICY" => list(after_keyword(&words(definition), "to"), RoleUse::Policy),
        b"USER MAPPING" => list(
            after(&words(definition), &["mapping", "for"]),
            RoleUse::UserMapping,
        ),
        _ => Vec::new(),
    }
}

/// The words of each statement.
fn statements(text: &[u8]) -> Vec<Vec<Word>> {
    words(text)
        .split(|word| *word == Word::Sign(b';'))
        .map(<[_]>::to_vec)
        .collect()
}

/// The roles that a GRANT gives to, a REVOKE takes from, or that a session becomes to do either.
fn grantees(words: &[Word]) -> Vec<(BString, RoleUse)> {
    let verb = words
        .iter()
        .find(|word| word.is("grant") || word.is("revoke") || word.is("authorization"));
    match verb {
        Some(word) if word.is("grant") => list(after_keyword(words, "to"), RoleUse::Grantee),
        Some(word) if word.is("revoke") => list(after_keyword(words, "from"), RoleUse::Grantee),
        // The session of a superuser goes back by DEFAULT.
        Some(_) => list(after(words, &["authorization"]), RoleUse::Grantor)
            .into_iter()
            .filter(|(role, _)| role != "default")
            .collect(),
        None => Vec::new(),
    }
}

/// What follows certain keywords that stand one after the other.
fn after<'a>(words: &'a [Word], keywords: &[&str]) -> &'a [Word] {
    let at = words.windows(keywords.len()).position(|window| {
        window
            .iter()
            .zip(keywords)
            .all(|(word, keyword)| word.is(keyword))
    });
    at.map_or(&[], |at| &words[at + keywords.len()..])
}

/// What follows the first such keyword that is not between parentheses: it is a reserved word, which no name is without quotes.
fn after_keyword<'a>(words: &'a [Word], keyword: &str) -> &'a [Word] {
    let mut depth = 0usize;
    for (at, word) in words.iter().enumerate() {
        match word {
            Word::Sign(b'(') => depth += 1,
            Word::Sign(b')') => depth = depth.saturating_sub(1),
            word if depth == 0 && word.is(keyword) => return &words[at + 1..],
            _ => {}
        }
    }
    &[]
}

/// The names of a list with commas.
fn list(words: &[Word], used: RoleUse) -> Vec<(BString, RoleUse)> {
    let mut names = Vec::new();
    for pair in words.chunks(2) {
        let Some(name) = pair[0].name() else { break };
        if !pair[0].is("public") {
            names.push((name.as_bstr().to_owned(), used));
        }
        if pair.get(1) != Some(&Word::Sign(b',')) {
            break;
        }
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_found_where_they_stand() {
        let found = |descriptor: &str, definition: &str| {
            let roles = named(descriptor.as_bytes(), definition.as_bytes());
            let roles = roles.iter().map(|(role, used)| format!("{role} {used:?}"));
            roles.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(
            found(
                "ACL",
                "REVOKE ALL ON TABLE s.\"to\" FROM PUBLIC;\nSET SESSION AUTHORIZATION boss;\n\
                 GRANT SELECT(\"from\"),UPDATE ON TABLE s.\"to\" TO \"Re ader\" WITH GRANT OPTION;\n\
                 RESET SESSION AUTHORIZATION;\n"
            ),
            "boss Grantor, Re ader Grantee"
        );
        assert_eq!(
            found(
                "DEFAULT ACL",
                "ALTER DEFAULT PRIVILEGES FOR ROLE owner IN SCHEMA s GRANT SELECT ON TABLES TO reader;\n"
            ),
            "owner DefaultPrivileges, reader Grantee"
        );
        assert_eq!(
            found(
                "POLICY",
                "CREATE POLICY p ON s.t FOR SELECT TO a, \"B\" USING ((x = 'TO c'::text));\n"
            ),
            "a Policy, B Policy"
        );
        assert_eq!(
            found("POLICY", "CREATE POLICY p ON s.t USING (true);\n"),
            ""
        );
        assert_eq!(
            found(
                "USER MAPPING",
                "CREATE USER MAPPING FOR a SERVER s OPTIONS (\n    \"user\" 'x'\n);\n"
            ),
            "a UserMapping"
        );
        assert_eq!(found("TABLE", "CREATE TABLE t ();\n"), "");
    }
}
