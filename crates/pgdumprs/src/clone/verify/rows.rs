//! Statements that sum up rows.

use bstr::BString;

use super::hash::Hash;

/// The text of a row's values: of columns that are separated by commas, if there are any.
pub(super) fn row_text(columns: &BString) -> Vec<u8> {
    [b"ROW(", columns.as_slice(), b")::pg_catalog.text"].concat()
}

/// The statement that reads the `sums` of what is behind FROM.
pub(super) fn statement(sums: &BString, from: &[u8]) -> BString {
    [
        b"COPY (SELECT ",
        sums.as_slice(),
        b" FROM ",
        from,
        b") TO stdout;",
    ]
    .concat()
    .into()
}

/// The statement that sums up large objects, in pieces.
pub(super) fn large_objects(oids: &[u32], hash: &Hash) -> BString {
    let query = pgdumprs_copy::large_object_pieces(oids);
    let text =
        b"(pieces.oid || ':' || pieces.start || ':' || pg_catalog.encode(pieces.content, 'hex'))";
    let pieces = [b"(", query.as_bytes(), b") AS pieces"].concat();
    statement(&hash.sum(text), &pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_summed_up_by_the_text_of_their_columns() {
        let (encoding, probe) = ("UTF8".into(), "1".into());
        let hash = Hash::Own { encoding, probe };
        let read = |columns: &str, from: &str| {
            let sums = hash.sum(&row_text(&columns.into()));
            statement(&sums, from.as_bytes()).to_string()
        };
        let sum = |row: &str| {
            format!(
                "pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(ROW({row})::pg_catalog.text COLLATE pg_catalog.\"C\", 0))"
            )
        };
        assert_eq!(
            read("a, \"b)\"", "ONLY s.\"t (a)\""),
            format!(
                "COPY (SELECT {} FROM ONLY s.\"t (a)\") TO stdout;",
                sum("a, \"b)\"")
            )
        );
        assert_eq!(
            read("", "s.t WHERE a > 1"),
            format!("COPY (SELECT {} FROM s.t WHERE a > 1) TO stdout;", sum(""))
        );
    }
}
