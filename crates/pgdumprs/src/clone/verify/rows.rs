//! Statements that sum up rows, made of those that copied them.

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_copy::Table;

use super::hash::Hash;

/// The rows of a table, as they were copied.
pub(super) enum Rows<'a> {
    /// All, in the columns of a list, which may have none.
    All(&'a BStr),
    /// Those of a query.
    Of(&'a BStr),
}

impl<'a> Rows<'a> {
    pub(super) fn of(table: &'a Table) -> Option<Self> {
        if let Some(columns) = chosen_columns(table) {
            return Some(Rows::All(columns));
        }
        let copy = table
            .copy
            .strip_prefix(b"COPY ")?
            .strip_suffix(b" TO stdout;")?;
        if let Some(query) = copy.strip_prefix(b"(") {
            return Some(Rows::Of(query.strip_suffix(b")")?.as_bstr()));
        }
        let columns = copy.strip_prefix(table.name.as_slice())?.trim_ascii();
        match columns.is_empty() {
            true => Some(Rows::All(columns.as_bstr())),
            false => Some(Rows::All(
                columns.strip_prefix(b"(")?.strip_suffix(b")")?.as_bstr(),
            )),
        }
    }
}

/// The table that an entry's rows are loaded into: itself, or the root that it is a partition of.
pub(super) fn loaded_into(entry: &Entry, table: &Table) -> BString {
    let columns = table
        .copy
        .strip_prefix(&[b"COPY ", table.name.as_slice()].concat()[..]);
    let columns = columns.and_then(|rest| rest.strip_suffix(b" TO stdout;"));
    let columns = columns.map(<[u8]>::to_vec).or_else(|| {
        let chosen = chosen_columns(table)?;
        Some([b" (", chosen.as_bytes(), b")"].concat())
    });
    let target = entry.copy.as_ref().and_then(|copy| {
        let target = copy
            .strip_prefix(b"COPY ")?
            .strip_suffix(b" FROM stdin;\n")?;
        target.strip_suffix(columns?.as_slice())
    });
    target.map_or_else(|| table.name.clone(), |target| target.trim_ascii().into())
}

/// The columns of a table of which a condition chooses the rows, and nothing else.
pub(super) fn chosen_columns(table: &Table) -> Option<&BStr> {
    let tail = [
        b" FROM ONLY ",
        table.name.as_slice(),
        &chosen(table.condition.as_ref()?),
        b") TO stdout;",
    ]
    .concat();
    let columns = table
        .copy
        .strip_prefix(b"COPY (SELECT ")?
        .strip_suffix(tail.as_slice())?;
    Some(if columns == b"*" { b"" } else { columns }.as_bstr())
}

/// The clause that chooses rows by a condition.
fn chosen(condition: &BString) -> Vec<u8> {
    [b" WHERE (\n", condition.as_slice(), b"\n)"].concat()
}

/// What sums up rows of a table, and the statement that reads the sums of all of them, or of those that meet a condition. Where the table is `alone`,
/// what inherits from it is no part of it.
pub(super) fn statement(
    rows: &Rows<'_>,
    table: &BString,
    alone: bool,
    condition: Option<&BString>,
    hash: &Hash,
) -> (BString, BString) {
    let (sums, from) = match rows {
        Rows::All(columns) => {
            let only: &[u8] = if alone { b"ONLY " } else { b"" };
            (hash.sum(&row_text(columns)), [only, table].concat())
        }
        Rows::Of(query) => {
            let from = [b"(", query.as_bytes(), b") AS copied"].concat();
            (hash.sum(&row_text(b"copied.*")), from)
        }
    };
    let copy = [
        b"COPY (SELECT ",
        sums.as_slice(),
        b" FROM ",
        &from,
        &condition.map(chosen).unwrap_or_default(),
        b") TO stdout;",
    ]
    .concat();
    (sums, copy.into())
}

fn row_text(columns: &[u8]) -> Vec<u8> {
    [b"ROW(", columns, b")::pg_catalog.text"].concat()
}

/// The statement that sums up large objects, in pieces.
pub(super) fn large_objects(oids: &[u32], hash: &Hash) -> BString {
    let query = pgdumprs_copy::large_object_pieces(oids);
    let text =
        b"(pieces.oid || ':' || pieces.start || ':' || pg_catalog.encode(pieces.content, 'hex'))";
    [
        b"COPY (SELECT ",
        hash.sum(text).as_slice(),
        b" FROM (",
        query.as_bytes(),
        b") AS pieces) TO stdout;",
    ]
    .concat()
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, copy: &str) -> Table {
        Table {
            name: name.into(),
            copy: copy.into(),
            bytes: 0,
            condition: None,
            by_pages: None,
            inserts: None,
        }
    }

    fn own() -> Hash {
        let (encoding, probe) = ("UTF8".into(), "1".into());
        Hash::Own { encoding, probe }
    }

    #[test]
    fn rows_are_read_as_they_were_copied() {
        let read = |table: &Table, alone| {
            let rows = Rows::of(table).unwrap();
            let condition = chosen_columns(table).and(table.condition.as_ref());
            statement(&rows, &table.name, alone, condition, &own())
                .1
                .to_string()
        };
        let sum = |row: &str| {
            format!(
                "pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(ROW({row})::pg_catalog.text COLLATE pg_catalog.\"C\", 0))"
            )
        };
        let odd = table("s.\"t (a)\"", "COPY s.\"t (a)\" (a, \"b)\") TO stdout;");
        let sums = sum("a, \"b)\"");
        assert_eq!(
            read(&odd, true),
            format!("COPY (SELECT {sums} FROM ONLY s.\"t (a)\") TO stdout;")
        );
        assert_eq!(
            read(&odd, false),
            format!("COPY (SELECT {sums} FROM s.\"t (a)\") TO stdout;")
        );
        let bare = table("s.t", "COPY s.t  TO stdout;");
        assert_eq!(
            read(&bare, true),
            format!("COPY (SELECT {} FROM ONLY s.t) TO stdout;", sum(""))
        );
        let some = table("s.t", "COPY (SELECT a FROM s.t WHERE a > 1) TO stdout;");
        assert_eq!(
            read(&some, true),
            format!(
                "COPY (SELECT {} FROM (SELECT a FROM s.t WHERE a > 1) AS copied) TO stdout;",
                sum("copied.*")
            )
        );
    }

    #[test]
    fn rows_that_were_chosen_are_read_as_they_were_chosen() {
        let copy = "COPY (SELECT a, b FROM ONLY s.t WHERE (\na > 1\n)) TO stdout;";
        let mut some = table("s.t", copy);
        some.condition = Some("a > 1".into());
        let rows = Rows::of(&some).unwrap();
        let read = |condition| statement(&rows, &some.name, true, condition, &own()).1;
        let (source, target) = (read(some.condition.as_ref()), read(None));
        assert!(source.ends_with(b" FROM ONLY s.t WHERE (\na > 1\n)) TO stdout;"));
        assert!(target.ends_with(b" FROM ONLY s.t) TO stdout;"));
        assert!(source.starts_with(&target[..target.len() - b") TO stdout;".len()]));
        let entry = Entry {
            copy: Some("COPY s.root (a, b) FROM stdin;\n".into()),
            ..Entry::default()
        };
        assert_eq!(loaded_into(&entry, &some), "s.root");
    }

    #[test]
    fn partitions_are_compared_as_their_root_where_they_were_loaded_through_it() {
        let part = table("s.p1", "COPY s.p1 (a) TO stdout;");
        let entry = |copy: &str| Entry {
            copy: Some(copy.into()),
            ..Entry::default()
        };
        assert_eq!(
            loaded_into(&entry("COPY s.p1 (a) FROM stdin;\n"), &part),
            "s.p1"
        );
        assert_eq!(
            loaded_into(&entry("COPY s.\"root (a)\" (a) FROM stdin;\n"), &part),
            "s.\"root (a)\""
        );
    }
}
