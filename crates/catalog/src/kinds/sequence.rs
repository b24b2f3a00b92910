//! Sequences (`pg_sequence`) and where they stand.

use bstr::{BStr, BString, ByteSlice};

use crate::kinds::namespace::Namespace;
use crate::kinds::table::Table;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Flight, Ticket, oid_list};
use crate::{Error, Oid};

/// Sequences that one statement asks for where each must be named. More would save no round trip, and the server's
/// planner takes time by the square of the number.
const NAMED_TOGETHER: usize = 100;

/// A sequence's parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// OID in `pg_class`.
    pub oid: Oid,
    /// Its type: `smallint`, `integer` or `bigint`.
    pub type_name: BString,
    /// First value.
    pub start: i64,
    /// Step, negative for a descending sequence.
    pub increment: i64,
    /// Largest value.
    pub max: i64,
    /// Smallest value.
    pub min: i64,
    /// How many values a session takes at once.
    pub cache: i64,
    /// Whether it starts again at its end.
    pub cycles: bool,
}

impl Detailed for Sequence {
    const WHAT: &'static str = "sequences";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT s.seqrelid, pg_catalog.format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
                    s.seqmax, s.seqmin, s.seqcache, s.seqcycle
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_sequence AS s ON s.seqrelid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            type_name: cells.text()?,
            start: cells.get()?,
            increment: cells.get()?,
            max: cells.get()?,
            min: cells.get()?,
            cache: cells.get()?,
            cycles: cells.bool()?,
        })
    }
}

/// Where a sequence stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// OID of the sequence.
    pub oid: Oid,
    /// The last value handed out, or the next one where none was.
    pub last_value: i64,
    /// Whether `last_value` was handed out.
    pub is_called: bool,
}

impl Position {
    fn decode(cells: &mut Cells<'_>) -> Result<Option<Self>, Error> {
        let oid = cells.oid()?;
        let (last_value, is_called): (Option<i64>, Option<bool>) = (cells.get()?, cells.get()?);
        Ok(last_value
            .zip(is_called)
            .map(|(last_value, is_called)| Self {
                oid,
                last_value,
                is_called,
            }))
    }

    /// As [`Position::decode`], of what a function tells. Whether the role may read a sequence is not known where it is gone.
    fn decode_told(cells: &mut Cells<'_>) -> Result<Option<Self>, Error> {
        let position = Self::decode(cells)?;
        cells.bool()?;
        Ok(position)
    }
}

/// Asks where sequences stand. Since 18 a function tells, and says NULL for a sequence that the role may not read or that is gone; before,
/// each sequence is a relation to be read, and the server refuses the statement.
pub(crate) fn positions(
    flight: &mut Flight,
    namespaces: &[Namespace],
    tables: &[Table],
    oids: &[Oid],
) -> Vec<Ticket<Option<Position>>> {
    const WHAT: &str = "positions of sequences";
    if oids.is_empty() {
        return Vec::new();
    }
    if flight.version() >= 180000 {
        let statement = format!(
            "SELECT wanted.oid, s.last_value, s.is_called, pg_catalog.has_sequence_privilege(wanted.oid, 'SELECT')
             FROM {} AS wanted(oid), pg_catalog.pg_get_sequence_data(wanted.oid) AS s",
            oid_list(oids)
        );
        return vec![flight.push(WHAT, statement.into(), Position::decode_told)];
    }
    let names = names(namespaces, tables, oids);
    names
        .chunks(NAMED_TOGETHER)
        .map(|chunk| flight.push(WHAT, read_each(chunk), Position::decode))
        .collect()
}

/// The schemas and names of sequences.
fn names<'a>(
    namespaces: &'a [Namespace],
    tables: &'a [Table],
    oids: &[Oid],
) -> Vec<(Oid, &'a BStr, &'a BStr)> {
    let wanted: std::collections::HashSet<Oid> = oids.iter().copied().collect();
    let namespaces: std::collections::HashMap<Oid, &BStr> = namespaces
        .iter()
        .map(|row| (row.oid, row.name.as_bstr()))
        .collect();
    tables
        .iter()
        .filter(|row| wanted.contains(&row.oid))
        .filter_map(|row| {
            Some((
                row.oid,
                *namespaces.get(&row.namespace)?,
                row.name.as_bstr(),
            ))
        })
        .collect()
}

/// One statement that reads several sequences. Names may be in any encoding, so it is put together from bytes.
fn read_each(sequences: &[(Oid, &BStr, &BStr)]) -> BString {
    let mut statement = BString::default();
    for (i, (oid, namespace, name)) in sequences.iter().enumerate() {
        if i > 0 {
            statement.extend_from_slice(b" UNION ALL ");
        }
        statement
            .extend_from_slice(format!("SELECT {oid}, last_value, is_called FROM ").as_bytes());
        push_quoted(&mut statement, namespace);
        statement.push(b'.');
        push_quoted(&mut statement, name);
    }
    statement
}

fn push_quoted(statement: &mut BString, name: &BStr) {
    statement.push(b'"');
    statement.extend_from_slice(&name.replace(b"\"", b"\"\""));
    statement.push(b'"');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sequences_are_read_by_their_quoted_names() {
        let statement = read_each(&[
            (5, BStr::new("public"), BStr::new("a\"b")),
            (6, BStr::new("S"), BStr::new(b"\xe9")),
        ]);
        let expected = b"SELECT 5, last_value, is_called FROM \"public\".\"a\"\"b\" UNION ALL \
                         SELECT 6, last_value, is_called FROM \"S\".\"\xe9\"";
        assert_eq!(statement, BString::from(expected.to_vec()));
    }
}
