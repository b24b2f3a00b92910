//! Drop statements, and how they become conditional.

use std::borrow::Cow;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;

/// Stock looks for no more of a descriptor than this.
const LOOKED_FOR: usize = 39;

/// An entry's drop statement with `IF EXISTS` where that belongs.
pub(crate) fn conditional(entry: &Entry) -> Cow<'_, BStr> {
    let statement = entry
        .drop
        .as_ref()
        .map_or(BStr::new(""), |text| text.as_bstr());
    if statement.starts_with(b"--") {
        return Cow::Borrowed(statement);
    }
    if entry.descriptor == "BLOB" {
        let oid = entry.catalog_id.oid;
        let text = format!(
            "SELECT pg_catalog.lo_unlink(oid) FROM pg_catalog.pg_largeobject_metadata WHERE oid = '{oid}';\n"
        );
        return Cow::Owned(text.into());
    }
    let mut text = BString::default();
    let mut rest = statement.as_bytes();
    if let Some(after) = rest.strip_prefix(b"ALTER TABLE") {
        text.extend_from_slice(b"ALTER TABLE IF EXISTS");
        rest = after;
    }
    if let Some(at) = place(entry, rest) {
        text.extend_from_slice(&rest[..at]);
        text.extend_from_slice(b" IF EXISTS");
        rest = &rest[at..];
    }
    text.extend_from_slice(rest);
    Cow::Owned(text)
}

/// Whether the drop statement can be made conditional, or needs not.
pub(crate) fn can_be_conditional(entry: &Entry) -> bool {
    let statement = entry
        .drop
        .as_ref()
        .map_or(BStr::new(""), |text| text.as_bstr());
    let rest = statement.strip_prefix(b"ALTER TABLE").unwrap_or(statement);
    statement.is_empty()
        || statement.starts_with(b"--")
        || matches!(entry.descriptor.as_slice(), b"BLOB" | b"BLOB METADATA")
        || stays(entry, rest)
        || place(entry, rest).is_some()
}

/// Whether nothing is to be inserted into what follows `ALTER TABLE`, if that was there: a default has no condition, a database is
/// there, and a view that is replaced takes the place of a rule.
fn stays(entry: &Entry, rest: &[u8]) -> bool {
    matches!(
        entry.descriptor.as_slice(),
        b"DEFAULT" | b"DATABASE PROPERTIES"
    ) || rest.starts_with(b"CREATE OR REPLACE VIEW")
}

/// Where in a drop statement `IF EXISTS` is inserted: behind the words that say what kind of thing is dropped.
fn place(entry: &Entry, rest: &[u8]) -> Option<usize> {
    if stays(entry, rest) {
        return None;
    }
    let mut words = b"DROP ".to_vec();
    match entry.descriptor.as_slice() {
        b"CONSTRAINT" | b"CHECK CONSTRAINT" | b"FK CONSTRAINT" => {
            words.extend_from_slice(b"CONSTRAINT");
        }
        descriptor => words.extend_from_slice(descriptor),
    }
    words.truncate(LOOKED_FOR);
    Some(rest.find(&words)? + words.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(descriptor: &str, statement: &str) -> (String, bool) {
        let entry = Entry {
            descriptor: descriptor.into(),
            drop: Some(statement.into()),
            ..Entry::default()
        };
        (conditional(&entry).to_string(), can_be_conditional(&entry))
    }

    #[test]
    fn conditions_stand_where_they_belong() {
        let cases = [
            ("TABLE", "DROP TABLE a.b;\n", "DROP TABLE IF EXISTS a.b;\n"),
            (
                "FK CONSTRAINT",
                "ALTER TABLE ONLY a.b DROP CONSTRAINT c;\n",
                "ALTER TABLE IF EXISTS ONLY a.b DROP CONSTRAINT IF EXISTS c;\n",
            ),
            (
                "DEFAULT",
                "ALTER TABLE a.b ALTER COLUMN c DROP DEFAULT;\n",
                "ALTER TABLE IF EXISTS a.b ALTER COLUMN c DROP DEFAULT;\n",
            ),
            (
                "RULE",
                "CREATE OR REPLACE VIEW a AS\n",
                "CREATE OR REPLACE VIEW a AS\n",
            ),
            ("SCHEMA", "-- not dropped", "-- not dropped"),
        ];
        for (descriptor, statement, expected) in cases {
            assert_eq!(
                made(descriptor, statement),
                (expected.to_owned(), true),
                "{statement}"
            );
        }
    }

    #[test]
    fn statements_of_another_kind_are_left() {
        assert_eq!(
            made("TABLE", "DROP VIEW a;"),
            ("DROP VIEW a;".to_owned(), false)
        );
        assert_eq!(
            made("TABLE", "ALTER TABLE a;"),
            ("ALTER TABLE IF EXISTS a;".to_owned(), false)
        );
    }
}
