//! Which rows COPY's binary format says as exactly as its text does.

use pgdumprs_catalog::{Column, Table};

/// Types whose binary form holds the whole value and means the same on every server of a major release, as SQL names them without their
/// modifiers.
///
/// None of them depends on a setting, a locale or on what else is in a database. What users or extensions have made may be something else where
/// it is loaded, and a binary form has no way to notice; the others are too rare to be worth a proof.
const EXACT: [&str; 29] = [
    "\"char\"",
    "bigint",
    "bit varying",
    "bit",
    "boolean",
    "bpchar",
    "bytea",
    "character varying",
    "character",
    "cidr",
    "date",
    "double precision",
    "inet",
    "integer",
    "json",
    "jsonb",
    "macaddr",
    "macaddr8",
    "name",
    "numeric",
    "oid",
    "real",
    "smallint",
    "text",
    "time with time zone",
    "time without time zone",
    "timestamp with time zone",
    "timestamp without time zone",
    "uuid",
];

/// Whether the rows of a table can be copied in binary: it has columns, which all have types that are fit for it and that its own definition
/// names.
///
/// Where the columns come from a parent or a type, that may be another one where the rows are loaded.
pub(crate) fn is_exact(table: &Table, columns: &[Column]) -> bool {
    let mut copied = columns
        .iter()
        .filter(|column| !column.is_dropped && column.generated == 0)
        .peekable();
    let declares = |column: &Column| column.is_local || table.is_partition;
    table.of_type.is_none()
        && copied.peek().is_some()
        && copied.all(|column| declares(column) && is_exact_type(&column.type_name))
}

/// Whether a type, or that of an array's elements, is one of those. Types that are not PostgreSQL's own have their schema in front.
fn is_exact_type(name: &[u8]) -> bool {
    let mut name = name;
    while let Some(element) = name.strip_suffix(b"[]") {
        name = element;
    }
    let opening = name.iter().position(|byte| *byte == b'(');
    let closing = name.iter().position(|byte| *byte == b')');
    let plain = match (opening, closing) {
        (Some(opening), Some(closing)) if opening < closing => {
            [&name[..opening], &name[closing + 1..]].concat()
        }
        _ => name.to_vec(),
    };
    // An interval may be limited to some of its fields.
    let is_interval = plain == b"interval" || plain.starts_with(b"interval ");
    is_interval || EXACT.iter().any(|exact| exact.as_bytes() == plain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{column, table};

    #[test]
    fn only_types_of_ones_own_kind_are_exact() {
        for exact in [
            "integer",
            "\"char\"",
            "numeric(10,3)",
            "numeric(10,3)[]",
            "timestamp(3) with time zone",
            "timestamp without time zone[]",
            "character varying(20)",
            "bit varying(7)",
            "interval",
            "interval(3)",
            "interval day to second(2)",
            "jsonb",
        ] {
            assert!(is_exact_type(exact.as_bytes()), "{exact}");
        }
        for other in [
            "",
            "[]",
            "money",
            "xml",
            "regclass",
            "int4range",
            "tsvector",
            "public.mood",
            "public.\"integer\"",
            "public.\"integer(1)\"",
            "\"integer\"",
            "public.\"interval \"",
            "integer)(",
            "point",
        ] {
            assert!(!is_exact_type(other.as_bytes()), "{other}");
        }
    }

    #[test]
    fn a_table_says_itself_what_its_columns_are() {
        let of = |type_name: &str| {
            let mut column = column(20_000, 1, "a");
            column.type_name = type_name.into();
            column
        };
        let plain = table(20_000, "t");
        assert!(is_exact(&plain, &[of("integer"), of("text")]));
        assert!(!is_exact(&plain, &[of("integer"), of("public.mood")]));
        assert!(!is_exact(&plain, &[]));

        let mut dropped = of("");
        dropped.is_dropped = true;
        let mut generated = of("public.mood");
        generated.generated = b's';
        assert!(is_exact(&plain, &[dropped.clone(), of("text"), generated]));
        assert!(!is_exact(&plain, &[dropped]));

        let mut inherited = of("integer");
        inherited.is_local = false;
        assert!(!is_exact(&plain, &[of("integer"), inherited.clone()]));
        let mut partition = table(20_000, "t");
        partition.is_partition = true;
        assert!(is_exact(&partition, &[inherited]));
        let mut typed = table(20_000, "t");
        typed.of_type = Some(20_001);
        assert!(!is_exact(&typed, &[of("integer")]));
    }
}
