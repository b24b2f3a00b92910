//! Why statements failed: what has one reason, and what failed only because something before it had.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_restore::Failure;

use crate::restore::advice::advice;

/// Functions of the server that look up roles and who may become whom. What they refuse has no other reason, whatever else has failed.
const ABOUT_ROLES: &[&str] = &[
    "get_role_oid",
    "get_role_tuple",
    "get_rolespec_oid",
    "get_rolespec_tuple",
    "check_can_set_role",
    "check_is_member_of_role",
];

/// What failed for one reason: with the same SQLSTATE and the same words, but for the names of the entries themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Cause {
    /// What failed for it, by positions in [`RestoreReport::failures`](crate::RestoreReport::failures), one at least. The first says what it
    /// is.
    pub failures: Vec<usize>,
    /// What failed because something of that had: rows of a table that could not be made, its indexes and comments, foreign keys to rows that
    /// did not come in.
    pub following: Vec<usize>,
    /// What can be done about it, where that is known.
    pub advice: Option<String>,
}

/// Sorts failures by their causes, in the order in which they come.
#[derive(Debug)]
pub(crate) struct Causes<'a> {
    /// The archive's entries, by their dump ids.
    entries: HashMap<i32, &'a Entry>,
    causes: Vec<Cause>,
    /// Causes by SQLSTATE and words.
    known: HashMap<(BString, BString), usize>,
    /// The causes for which entries are not there, by their dump ids.
    lost: HashMap<i32, usize>,
    /// The causes for which the rows of tables are not there, by the dump ids of the tables and of their data.
    lost_rows: HashMap<i32, usize>,
    count: usize,
}

impl<'a> Causes<'a> {
    /// Nothing has failed yet of a restore of these entries.
    pub(crate) fn new(entries: &'a [Entry]) -> Self {
        Causes {
            entries: entries.iter().map(|entry| (entry.dump_id, entry)).collect(),
            causes: Vec::new(),
            known: HashMap::new(),
            lost: HashMap::new(),
            lost_rows: HashMap::new(),
            count: 0,
        }
    }

    /// Adds what failed next. Tells whether nothing before has failed for that reason.
    pub(crate) fn add(&mut self, failure: &Failure) -> bool {
        let id = failure.dump_id;
        let entry = id.and_then(|id| self.entries.get(&id).copied());
        let position = self.count;
        self.count += 1;
        if let Some(cause) = entry.and_then(|entry| self.followed(failure, entry)) {
            self.causes[cause].following.push(position);
            self.lose(failure, entry, cause);
            return false;
        }
        let tag = entry.and_then(|entry| entry.tag.as_ref());
        let words = without_names(&failure.error.message, tag.map(|tag| tag.as_bstr()));
        let key = (failure.error.code.clone(), words);
        let is_new = !self.known.contains_key(&key);
        let cause = *self.known.entry(key).or_insert_with(|| {
            self.causes.push(Cause {
                failures: Vec::new(),
                following: Vec::new(),
                advice: advice(failure, entry).map(str::to_owned),
            });
            self.causes.len() - 1
        });
        self.causes[cause].failures.push(position);
        self.lose(failure, entry, cause);
        is_new
    }

    /// All causes, in the order in which they showed.
    pub(crate) fn into_causes(self) -> Vec<Cause> {
        self.causes
    }

    /// The cause of which a failure is only a consequence.
    fn followed(&self, failure: &Failure, entry: &Entry) -> Option<usize> {
        let routine = failure.error.routine.as_ref();
        if routine.is_some_and(|routine| ABOUT_ROLES.iter().any(|about| routine == about)) {
            return None;
        }
        let is_about_rows = failure.error.code.starts_with(b"23");
        let mut needed = entry.dependencies.iter();
        needed.find_map(|needed| {
            let rows = self.lost_rows.get(needed).filter(|_| is_about_rows);
            self.lost.get(needed).or(rows).copied()
        })
    }

    /// Notes what is not there after a failure.
    fn lose(&mut self, failure: &Failure, entry: Option<&Entry>, cause: usize) {
        let Some(entry) = entry else { return };
        if entry.descriptor == "TABLE DATA" {
            let table = entry.dependencies.first();
            for id in table.into_iter().chain([&entry.dump_id]) {
                self.lost_rows.entry(*id).or_insert(cause);
            }
        } else if is_definition(failure, entry) && failure.error.code != "42P06" {
            // A schema that is there already is as good as one that was made.
            self.lost.entry(entry.dump_id).or_insert(cause);
        }
    }
}

/// Whether the statement that failed is that which makes the object: without its owner, for one, it is there.
fn is_definition(failure: &Failure, entry: &Entry) -> bool {
    let definition = entry.definition.as_ref();
    let shown = failure.statement.as_bytes();
    let shown = shown.strip_suffix(" …".as_bytes()).unwrap_or(shown);
    definition.is_some_and(|definition| definition.trim_ascii_start().starts_with(shown))
}

/// A message in which the entry's own name does not count: one with its table or kind before it stands there without, and one of a routine
/// without what the routine takes.
fn without_names(message: &BString, tag: Option<&BStr>) -> BString {
    let Some(tag) = tag else {
        return message.clone();
    };
    let last = tag.find_byte(b' ').map(|at| &tag.as_bytes()[at + 1..]);
    let routine = tag.find_byte(b'(').map(|at| &tag.as_bytes()[..at]);
    let names = [Some(tag.as_bytes()), last, routine].into_iter().flatten();
    let replaced = names.map(|name| without_name(message, name));
    let mut changed = replaced.filter(|replaced| replaced != message);
    changed.next().unwrap_or_else(|| message.clone())
}

/// A text without a name, where that stands for itself.
fn without_name(text: &[u8], name: &[u8]) -> BString {
    let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80;
    let mut left = BString::default();
    let mut rest = text;
    while let Some(at) = rest.find(name).filter(|_| !name.is_empty()) {
        let end = at + name.len();
        let before = rest[..at].last().or(left.last());
        let is_part = before.is_some_and(|&byte| is_letter(byte))
            || rest.get(end).is_some_and(|&byte| is_letter(byte));
        left.extend_from_slice(&rest[..at]);
        left.extend_from_slice(if is_part { name } else { b"*" });
        rest = &rest[end..];
    }
    left.extend_from_slice(rest);
    left
}

#[cfg(test)]
mod tests {
    use pgdumprs_connect::ServerError;

    use super::*;

    fn entry(dump_id: i32, descriptor: &str, tag: &str, needs: &[i32]) -> Entry {
        Entry {
            dump_id,
            descriptor: descriptor.into(),
            tag: Some(tag.into()),
            dependencies: needs.to_vec(),
            definition: Some(format!("CREATE {descriptor} {tag} ();\n").into()),
            ..Entry::default()
        }
    }

    fn failure(entry: &Entry, statement: &str, code: &str, message: &str) -> Failure {
        let mut error = ServerError::default();
        error.code = code.into();
        error.message = message.into();
        error.routine = message.starts_with("role").then(|| "get_role_oid".into());
        Failure::new(entry.dump_id, entry.label(), statement.into(), error)
    }

    #[test]
    fn what_has_one_reason_is_one_cause_and_what_follows_is_beneath_it() {
        let tables = [entry(1, "TABLE", "a", &[]), entry(2, "TABLE", "b", &[])];
        let rows = entry(3, "TABLE DATA", "a", &[1]);
        let other = entry(5, "TABLE", "c", &[]);
        let comment = entry(6, "COMMENT", "TABLE c", &[5]);
        let privileges = entry(7, "ACL", "TABLE a", &[1]);
        let [first, second] = tables.clone();
        let entries = [
            first,
            second,
            rows.clone(),
            other.clone(),
            comment.clone(),
            privileges.clone(),
        ];
        let mut causes = Causes::new(&entries);
        let mut add = |entry: &Entry, statement: &str, code: &str, message: &str| {
            causes.add(&failure(entry, statement, code, message))
        };
        let exists = |name: &str| format!("relation \"{name}\" already exists");
        let role = "role \"r\" does not exist";
        assert!(add(&tables[0], "CREATE TABLE a ();", "42P07", &exists("a")));
        assert!(!add(
            &tables[1],
            "CREATE TABLE b ();",
            "42P07",
            &exists("b")
        ));
        assert!(!add(&rows, "COPY a FROM stdin;", "23505", "duplicate"));
        // A role that is missing is no consequence, and takes nothing along.
        assert!(add(&other, "ALTER TABLE c OWNER TO r;", "42704", role));
        assert!(!add(&privileges, "GRANT …", "42704", role));
        assert!(add(&comment, "COMMENT …", "42501", "not yours"));
        let causes = causes.into_causes();
        assert_eq!(causes.len(), 3, "{causes:?}");
        assert_eq!(
            (&causes[0].failures[..], &causes[0].following[..]),
            (&[0, 1][..], &[2][..])
        );
        assert_eq!(
            (&causes[1].failures[..], &causes[1].following[..]),
            (&[3, 4][..], &[][..])
        );
        assert!(
            causes[0]
                .advice
                .as_ref()
                .is_some_and(|text| text.contains("--clean"))
        );
    }

    #[test]
    fn foreign_keys_fail_for_rows_that_did_not_come() {
        let rows = entry(2, "TABLE DATA", "a", &[1]);
        let key = entry(3, "FK CONSTRAINT", "c to_a", &[4, 1]);
        let entries = [rows.clone(), key.clone()];
        let mut causes = Causes::new(&entries);
        let mut add = |entry: &Entry, code: &str, message: &str| {
            causes.add(&failure(entry, "…", code, message))
        };
        assert!(add(&rows, "23514", "a check"));
        assert!(!add(&key, "23503", "no such row"));
        assert!(add(&key, "42830", "no such key"));
        assert_eq!(causes.into_causes()[0].following, [1]);
    }

    #[test]
    fn names_of_others_tell_reasons_apart() {
        let words = |message: &str, tag: &str| without_names(&message.into(), Some(tag.into()));
        assert_eq!(
            words("relation \"i\" exists", "t i"),
            "relation \"*\" exists"
        );
        let role = "role \"reader\" does not exist";
        assert_eq!(words(role, "TABLE item"), role);
        assert_eq!(
            words("function \"f\" exists", "f(integer)"),
            "function \"*\" exists"
        );
        assert_eq!(
            words("must be owner of table t", "t"),
            "must be owner of table *"
        );
    }
}
