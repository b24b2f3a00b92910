//! What is to be dumped but may not be read: better known before hours of copying than in their midst, and all at once.

use pgdumprs_catalog::{Closed, relkind};

use crate::selection::rows;
use crate::state::dump::Dump;
use crate::{Components, Error};

/// Checks that the role may read whatever the dump reads.
///
/// # Errors
///
/// [`Error::Forbidden`] with everything that it may not read.
pub(crate) fn check(dump: &Dump) -> Result<(), Error> {
    let relations = dump.listing.closed.iter();
    let mut forbidden: Vec<String> = relations
        .filter_map(|closed| describe(dump, closed))
        .collect();
    if dump.options.dumps_large_objects() {
        let large_objects = dump.listing.closed_large_objects.iter();
        forbidden.extend(large_objects.map(|oid| format!("large object {oid} (SELECT)")));
    }
    if forbidden.is_empty() {
        return Ok(());
    }
    Err(Error::Forbidden { objects: forbidden })
}

/// Names a relation and what the role lacks on it; `None` where the dump does not need it.
fn describe(dump: &Dump, closed: &Closed) -> Option<String> {
    let index = dump.find_table(closed.relation)?;
    let row = &dump.listing.tables[index];
    let object = dump.table_object(index);
    let has_data = row.relkind != relkind::PARTITIONED_TABLE && rows::is_read(dump, index);
    let is_locked = row.relkind != relkind::SEQUENCE && object.dumps(Components::NEED_LOCK);
    let mut lacks = Vec::new();
    if (has_data || is_locked) && !closed.may_enter {
        let schema = dump.namespace_name(object)?;
        lacks.push(format!("USAGE on schema {}", dump.ident(schema)));
    }
    if has_data && !closed.may_read || is_locked && !closed.may_lock {
        lacks.push("SELECT".to_owned());
    }
    if has_data && closed.hides_rows && !dump.options.row_security {
        lacks.push("row security would hide rows".to_owned());
    }
    let kind = if row.relkind == relkind::SEQUENCE {
        "sequence"
    } else {
        "table"
    };
    (!lacks.is_empty()).then(|| format!("{kind} {} ({})", dump.qualified(object), lacks.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, table};

    const LACKS_NOTHING: Closed = Closed {
        relation: 20_000,
        may_enter: true,
        may_lock: true,
        may_read: true,
        hides_rows: false,
    };

    fn check_with(closed: &[Closed], change: impl Fn(&mut Fixture)) -> Result<(), String> {
        let mut sequence = table(20_020, "s");
        sequence.relkind = relkind::SEQUENCE;
        let tables = vec![table(20_000, "a"), table(20_010, "b"), sequence];
        let mut fixture = Fixture::new(170_000, tables);
        fixture.listing.closed = closed.to_vec();
        change(&mut fixture);
        let dump =
            Dump::new(fixture.listing, fixture.options).map_err(|error| error.to_string())?;
        check(&dump).map_err(|error| error.to_string())
    }

    #[test]
    fn everything_that_is_closed_is_named() {
        let closed = [
            Closed {
                may_enter: false,
                may_lock: false,
                may_read: false,
                ..LACKS_NOTHING
            },
            Closed {
                relation: 20_010,
                hides_rows: true,
                ..LACKS_NOTHING
            },
            Closed {
                relation: 20_020,
                may_read: false,
                may_lock: false,
                ..LACKS_NOTHING
            },
        ];
        let error = check_with(&closed, |fixture| {
            fixture.listing.closed_large_objects = vec![7]
        });
        let error = error.unwrap_err();
        for part in [
            "4 objects",
            "table public.a (USAGE on schema public, SELECT)",
            "table public.b (row security would hide rows)",
            "sequence public.s (SELECT)",
            "large object 7 (SELECT)",
        ] {
            assert!(error.contains(part), "{part} is not in: {error}");
        }
    }

    #[test]
    fn what_is_not_read_may_be_closed() {
        let closed = [
            Closed {
                may_read: false,
                hides_rows: true,
                ..LACKS_NOTHING
            },
            Closed {
                relation: 20_020,
                may_read: false,
                may_lock: false,
                ..LACKS_NOTHING
            },
            Closed {
                relation: 1260,
                may_read: false,
                may_lock: false,
                ..LACKS_NOTHING
            },
        ];
        let definitions_only = |fixture: &mut Fixture| {
            fixture.options.data = false;
            fixture.listing.closed_large_objects = vec![7];
        };
        assert_eq!(check_with(&closed, definitions_only), Ok(()));
    }
}
