//! Entries that stand for groups of large objects, which have no statements of their own.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;

use crate::Script;

/// Whether an entry's definition is a list of oids.
pub(crate) fn is_group(entry: &Entry) -> bool {
    entry.descriptor == "BLOB METADATA"
}

/// Whether an entry holds privileges on a group of large objects, written for the first of them.
pub(crate) fn are_privileges(entry: &Entry) -> bool {
    entry.descriptor == "ACL"
        && entry
            .tag
            .as_ref()
            .is_some_and(|tag| tag.starts_with(b"LARGE OBJECTS"))
}

/// The group on which an entry holds privileges.
pub(crate) fn group_of<'a>(script: &'a Script, privileges: &Entry) -> Option<&'a Entry> {
    let group = script.entry_of(*privileges.dependencies.first()?)?;
    is_group(group).then_some(group)
}

/// The oids of a group, as they are written there. What is behind the last line's end does not count.
pub(crate) fn oids(group: &Entry) -> impl Iterator<Item = &BStr> {
    let definition = group.definition.as_ref().map_or(&b""[..], |text| text);
    let complete = definition
        .rfind_byte(b'\n')
        .map_or(&b""[..], |end| &definition[..end + 1]);
    complete
        .lines_with_terminator()
        .map(|line| line[..line.len() - 1].as_bstr())
}

/// What stands before and what stands behind the oid in each statement of a group's privileges.
pub(crate) fn privilege_statements(privileges: &Entry) -> Vec<(BString, BString)> {
    const BEFORE_OID: &[u8] = b"LARGE OBJECT ";
    let text = privileges.definition.as_ref().map_or(&b""[..], |text| text);
    let mut statements = Vec::new();
    let (mut start, mut at, mut quoted) = (0, 0, false);
    let mut oid: Option<(usize, usize)> = None;
    while let Some(&byte) = text.get(at) {
        if byte == b'"' {
            quoted = !quoted;
        }
        if !quoted && oid.is_none() && text[at..].starts_with(BEFORE_OID) {
            let from = at + BEFORE_OID.len();
            let digits = text[from..]
                .iter()
                .take_while(|byte| byte.is_ascii_digit())
                .count();
            oid = Some((from, from + digits));
            at = from + digits;
            continue;
        }
        at += 1;
        if !quoted && byte == b';' {
            if let Some((from, to)) = oid.take() {
                statements.push((text[start..from].into(), text[to..at - 1].into()));
            }
            let blanks = text[at..]
                .iter()
                .take_while(|byte| byte.is_ascii_whitespace())
                .count();
            at += blanks;
            start = at;
        }
    }
    statements
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(definition: &str) -> Entry {
        Entry {
            definition: Some(definition.into()),
            ..Entry::default()
        }
    }

    #[test]
    fn oids_stand_in_lines() {
        let oids = |definition: &str| {
            oids(&entry(definition))
                .map(|oid| oid.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(oids("1\n22\n"), ["1", "22"]);
        assert_eq!(oids("1\n22"), ["1"]);
        assert_eq!(oids(""), [""; 0]);
    }

    #[test]
    fn privileges_are_cut_at_the_oid() {
        let text = "REVOKE ALL ON LARGE OBJECT 12 FROM \"a;LARGE OBJECT 3\";\nGRANT SELECT ON LARGE OBJECT 12 TO b;\n";
        let halves = |before: &str, behind: &str| (before.into(), behind.into());
        assert_eq!(
            privilege_statements(&entry(text)),
            [
                halves("REVOKE ALL ON LARGE OBJECT ", " FROM \"a;LARGE OBJECT 3\""),
                halves("GRANT SELECT ON LARGE OBJECT ", " TO b"),
            ]
        );
    }
}
