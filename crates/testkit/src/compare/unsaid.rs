//! What older tools of stock leave out of archives, as their newest successor and ours do not.

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;

/// A definition of ours without what pg_dump of the major `writer` does not say; `None` where it says all of it.
pub(super) fn without_what_is_newer(entry: &Entry, writer: u16) -> Option<BString> {
    if writer >= 19 || entry.descriptor != "CONSTRAINT" {
        return None;
    }
    without_statistics_targets(entry.definition.as_ref()?)
}

/// Before 19, targets of columns are dumped of indexes that stand by themselves, and lost of those that belong to a constraint.
fn without_statistics_targets(definition: &[u8]) -> Option<BString> {
    let mut kept = Vec::with_capacity(definition.len());
    for line in definition.split_inclusive(|&byte| byte == b'\n') {
        let sets_target = line.starts_with(b"ALTER INDEX ")
            && line.contains_str(" ALTER COLUMN ")
            && line.contains_str(" SET STATISTICS ");
        if !sets_target {
            kept.extend_from_slice(line);
        }
    }
    (kept.len() < definition.len()).then(|| kept.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    const CONSTRAINT: &str =
        "ALTER TABLE ONLY s.t\n    ADD CONSTRAINT x EXCLUDE USING gist (a WITH =);\n";

    fn entry(descriptor: &str) -> Entry {
        let targets = "ALTER INDEX s.x ALTER COLUMN 1 SET STATISTICS 77;\n";
        Entry {
            descriptor: descriptor.into(),
            definition: Some(format!("{CONSTRAINT}{targets}{targets}").into()),
            ..Entry::default()
        }
    }

    #[test]
    fn targets_of_constraints_are_unsaid_before_19() {
        let said = |writer| without_what_is_newer(&entry("CONSTRAINT"), writer);
        assert_eq!(said(18).unwrap(), CONSTRAINT);
        assert_eq!(said(19), None);
    }

    #[test]
    fn nothing_else_is() {
        assert_eq!(without_what_is_newer(&entry("INDEX"), 18), None);
        let without = Entry {
            definition: Some(CONSTRAINT.into()),
            ..entry("CONSTRAINT")
        };
        assert_eq!(without_what_is_newer(&without, 18), None);
    }
}
