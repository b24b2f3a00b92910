//! Rights that roles of a dump have on the server and did not have where it was made.

use std::collections::{HashMap, HashSet};

use bstr::{BString, ByteSlice};
use pgdumprs_sql::Encoding;

use super::statement::find;

/// What a role may, by the words of its properties.
const PROPERTIES: [&str; 6] = [
    "SUPERUSER",
    "CREATEROLE",
    "CREATEDB",
    "LOGIN",
    "REPLICATION",
    "BYPASSRLS",
];

/// Statements that would give what the server has more than the dump, of roles that are in the dump, and of everybody. `wanted` and `there` are statements
/// as they are compared, by what they are known by.
pub(super) fn more(
    wanted: &HashMap<BString, BString>,
    there: &HashMap<BString, BString>,
    encoding: Encoding,
) -> Vec<BString> {
    let mut roles: HashSet<&[u8]> = HashSet::from([&b"PUBLIC"[..]]);
    roles.extend(
        wanted
            .keys()
            .filter_map(|key| key.strip_prefix(b"CREATE ROLE ")),
    );
    // Who has granted a membership makes no difference to what it gives.
    let ungranted = |key: &'_ BString| {
        let end = find(key, " GRANTED BY ", encoding);
        BString::from(&key[..end.unwrap_or(key.len())])
    };
    let memberships: HashSet<_> = wanted.keys().map(ungranted).collect();
    let mut all: Vec<_> = there
        .iter()
        .filter(|(key, _)| wanted.contains_key(*key) || !memberships.contains(&ungranted(key)))
        .flat_map(|(key, found)| {
            let dumped = wanted.get(key);
            match (found.strip_prefix(b"ALTER ROLE "), dumped) {
                (Some(_), Some(dumped)) => properties(key, found, dumped),
                (None, None) if found.starts_with(b"GRANT ") => granted(found, &roles, encoding),
                _ => Vec::new(),
            }
        })
        .collect();
    all.sort();
    all
}

/// Properties that one statement gives and the other does not.
fn properties(key: &BString, found: &BString, dumped: &BString) -> Vec<BString> {
    let has = |statement: &BString, property: &str| {
        let words = statement.strip_prefix(key.as_slice()).unwrap_or_default();
        words.strip_prefix(b" WITH ").is_some_and(|words| {
            let words = words.trim_end_with(|letter| letter == ';');
            // A password may hold any words.
            let mut words = words
                .split_str(" ")
                .take_while(|word| ![&b"PASSWORD"[..], b"VALID"].contains(word));
            words.any(|word| word == property.as_bytes())
        })
    };
    let more = PROPERTIES
        .into_iter()
        .filter(|property| has(found, property) && !has(dumped, property));
    more.map(|property| {
        let mut text = key.clone();
        text.extend_from_slice(format!(" WITH {property}").as_bytes());
        text
    })
    .collect()
}

/// The statement, where it gives something to one of the roles.
fn granted(statement: &BString, roles: &HashSet<&[u8]>, encoding: Encoding) -> Vec<BString> {
    let text = statement.trim_end_with(|letter| letter == ';');
    let to = find(text, " TO ", encoding).map(|at| &text[at + " TO ".len()..]);
    let whose = to.map(|rest| {
        let ends = [" WITH ", " GRANTED BY "].into_iter();
        let end = ends.filter_map(|word| find(rest, word, encoding)).min();
        &rest[..end.unwrap_or(rest.len())]
    });
    match whose.is_some_and(|role| roles.contains(role)) {
        true => vec![text.into()],
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server_restore::statement::subject;

    fn known(statements: &[&str]) -> HashMap<BString, BString> {
        let statements = statements.iter().map(|text| BString::from(*text));
        statements
            .map(|text| {
                let key = subject(&text, Encoding::Utf8);
                (key.unwrap_or_else(|| text.clone()), text)
            })
            .collect()
    }

    #[test]
    fn what_the_server_has_more_is_named() {
        let dumped = known(&[
            "CREATE ROLE a;",
            "CREATE ROLE \"b c\";",
            "ALTER ROLE a WITH NOSUPERUSER LOGIN PASSWORD 'x';",
            "GRANT a TO \"b c\";",
            "GRANT CREATE ON TABLESPACE t TO a;",
        ]);
        let there = known(&[
            "CREATE ROLE a;",
            "CREATE ROLE other;",
            "ALTER ROLE a WITH SUPERUSER LOGIN PASSWORD ' CREATEDB ';",
            "ALTER ROLE other WITH SUPERUSER;",
            "GRANT a TO \"b c\" WITH ADMIN OPTION GRANTED BY other;",
            "GRANT a TO other;",
            "GRANT pg_monitor TO a WITH INHERIT TRUE GRANTED BY postgres;",
            "GRANT CREATE ON TABLESPACE t TO PUBLIC;",
            "GRANT SET ON PARAMETER work_mem TO \"b c\";",
            "REVOKE ALL ON TABLESPACE t FROM postgres;",
        ]);
        let found = more(&dumped, &there, Encoding::Utf8);
        let found: Vec<_> = found.iter().map(ToString::to_string).collect();
        assert_eq!(
            found,
            [
                "ALTER ROLE a WITH SUPERUSER",
                "GRANT CREATE ON TABLESPACE t TO PUBLIC",
                "GRANT SET ON PARAMETER work_mem TO \"b c\"",
                "GRANT pg_monitor TO a WITH INHERIT TRUE GRANTED BY postgres",
            ]
        );
    }
}
