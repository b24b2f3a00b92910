//! Amounts of `money`, whose texts each `lc_monetary` reads in its own way: Argentina's `$ 12,34` reads as $1,234.00 elsewhere, without a word.

use std::collections::HashMap;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::{Error, Session};

use super::compare::{Restored, sum};
use crate::failure_line::with_causes;
use crate::rows::archived;
use crate::rows::copy_target::{column_names, positions};
use crate::{ArchiveSource, Checksum};

/// Fails where a table's amounts are not written as in the archive: then it is not known whether they are the same. `entries` are those of its rows, with the
/// columns of each.
pub(super) async fn check(
    session: &mut Session,
    archive: &ArchiveSource,
    table: &BString,
    entries: &[(i32, BString)],
) -> Result<(), String> {
    let amounts = of_money(session, table).await;
    let amounts = amounts.map_err(|error| with_causes(&error))?;
    let own = entries.first().map(|(_, columns)| column_names(columns));
    let mut names = own.unwrap_or_default();
    names.retain(|name| amounts.contains(&unquoted(name)));
    if names.is_empty() {
        return Ok(());
    }
    let columns = BString::from([b"(", &bstr::join(", ", &names)[..], b")"].concat());
    let restored = async {
        let restored = Restored::find(session, table, &columns).await?;
        sum(session, &restored.query()).await
    };
    let restored = restored.await.map_err(|error| with_causes(&error))?;
    let fields = entries
        .iter()
        .map(|(dump_id, own)| (*dump_id, Some(positions(&names, &column_names(own)))));
    let wanted: HashMap<i32, _> = fields.collect();
    let again = archive.clone();
    let reader = crate::blocking::blocking(move || again.open()).await;
    let reader = reader.map_err(|error| with_causes(&error))?;
    let found = archived::read(archive, reader, wanted, 1).await;
    let found = found.map_err(|error| with_causes(&error))?;
    let mut archived = Checksum::default();
    for sum in found.rows.values() {
        archived.count += sum.count;
        archived.sum = archived.sum.wrapping_add(sum.sum);
    }
    match archived == restored {
        true => Ok(()),
        false => Err(format!(
            "amounts of money ({}) are not written as in the archive: they may have been read otherwise here, under another lc_monetary. Set that \
             of the source on the drill's server (ALTER ROLE … SET lc_monetary, for the drill's role), or make the columns numeric",
            bstr::join(", ", names).as_bstr()
        )),
    }
}

/// A name without its quotes.
fn unquoted(name: &BStr) -> BString {
    let inner = name
        .strip_prefix(b"\"")
        .and_then(|name| name.strip_suffix(b"\""));
    match inner {
        Some(inner) => inner.replace("\"\"", "\"").into(),
        None => name.to_owned(),
    }
}

/// A table's columns in whose values amounts of `money` may stand, however deep: as elements of arrays, in composite types, as bounds of ranges, in domains over
/// all of these. What each type is made of is looked up by indexes, from the columns on, so that the number of types in the database does not matter.
async fn of_money(session: &mut Session, table: &BString) -> Result<Vec<BString>, Error> {
    let literal = pgdumprs_sql::literal(table, session.client_encoding());
    let multiranges: &[u8] = match session.server_version().major() >= 14 {
        true => {
            b" UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range AS r WHERE r.rngmultitypid = t.oid"
        }
        false => b"",
    };
    let found = session
        .query(
            [
                b"WITH RECURSIVE made_of (attname, type) AS (
                      SELECT a.attname, a.atttypid FROM pg_catalog.pg_attribute AS a
                      WHERE a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '' AND a.attrelid = "
                    .as_slice(),
                &literal,
                b"::pg_catalog.regclass
                      UNION
                      SELECT m.attname, part.type FROM made_of AS m JOIN pg_catalog.pg_type AS t ON t.oid = m.type,
                          LATERAL (SELECT t.typelem UNION ALL SELECT t.typbasetype
                              UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute AS a
                              WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
                              UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range AS r WHERE r.rngtypid = t.oid",
                multiranges,
                b") AS part (type))
                  SELECT DISTINCT attname FROM made_of WHERE type = 'money'::pg_catalog.regtype",
            ]
            .concat(),
        )
        .await?;
    let names: Result<Vec<BString>, _> = found.iter().map(|row| row.get(0)).collect();
    Ok(names?)
}
