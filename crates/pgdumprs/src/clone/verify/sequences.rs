//! The values of sequences. A source's goes on while it is cloned, so that the target's is held against the one that was read for it.

use std::collections::HashSet;

use bstr::{BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_connect::{Error, Session};
use pgdumprs_sql::identifier;

use super::checks::object_name;
use super::{Checksum, ComparedKind, Comparison};
use crate::RestoreReport;

/// Sequences that one statement reads.
const BATCH: usize = 500;

/// Reads the target's values of all sequences that were set, and compares.
pub(crate) async fn read(
    target: &mut Session,
    entries: &[Entry],
    restored: &RestoreReport,
) -> Result<Vec<Comparison>, Error> {
    let adapted = restored.adaptations.iter().map(|entry| entry.dump_id);
    let not_reached = restored.not_reached.iter().map(|entry| entry.dump_id);
    let left_out: HashSet<i32> = adapted.chain(not_reached).collect();
    let set: Vec<&Entry> = entries
        .iter()
        .filter(|entry| entry.descriptor == "SEQUENCE SET" && !left_out.contains(&entry.dump_id))
        .collect();
    let encoding = target.client_encoding();
    let statements: Vec<BString> = set
        .chunks(BATCH)
        .map(|some| {
            let values = some.iter().enumerate().map(|(at, entry)| {
                let names = [&entry.namespace, &entry.tag].into_iter().flatten();
                let names: Vec<_> = names
                    .map(|name| identifier(name.as_bstr(), true, encoding))
                    .collect();
                let name = bstr::join(".", names);
                let at = at.to_string();
                [
                    b"SELECT ",
                    at.as_bytes(),
                    b", last_value, is_called FROM ",
                    &name,
                ]
                .concat()
            });
            let all: Vec<Vec<u8>> = values.collect();
            [bstr::join(" UNION ALL ", all).as_slice(), b" ORDER BY 1"]
                .concat()
                .into()
        })
        .collect();
    let mut comparisons = Vec::with_capacity(set.len());
    let answers = target.pipeline(&statements).await?;
    for (some, rows) in set.chunks(BATCH).zip(&answers) {
        for (entry, row) in some.iter().zip(rows.iter()) {
            let (value, is_called): (i64, bool) = (row.get(1)?, row.get(2)?);
            comparisons.push(Comparison {
                kind: ComparedKind::Sequence,
                name: object_name(entry),
                source: entry.definition.as_ref().and_then(was_set),
                target: Some(Checksum {
                    count: u64::from(is_called),
                    sum: value.into(),
                }),
            });
        }
    }
    Ok(comparisons)
}

/// What `SELECT pg_catalog.setval('s.t', 1, true);` sets.
pub(crate) fn was_set(definition: &BString) -> Option<Checksum> {
    let arguments = definition.trim_ascii().strip_suffix(b");")?;
    let mut arguments = arguments.rsplitn_str(3, ",");
    let is_called = match arguments.next()?.trim_ascii() {
        b"true" => true,
        b"false" => false,
        _ => return None,
    };
    let value = arguments.next()?.trim_ascii().to_str().ok()?;
    Some(Checksum {
        count: u64::from(is_called),
        sum: value.parse().ok()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_found_in_what_sets_them() {
        let set = |sql: &str| was_set(&sql.into()).map(|found| (found.sum, found.count));
        assert_eq!(
            set("SELECT pg_catalog.setval('s.\"a,1\"', 42, true);\n"),
            Some((42, 1))
        );
        assert_eq!(
            set("SELECT pg_catalog.setval('s.t', -7, false);\n"),
            Some((-7, 0))
        );
        assert_eq!(set("SELECT 1;\n"), None);
    }
}
