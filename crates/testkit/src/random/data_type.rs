//! The types that columns, arguments and attributes can have, with values of them.

use super::names::text_literals;
use super::rng::Rng;
use crate::Major;

/// What may be done with values of a type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Family {
    /// Whole numbers that turn into `bigint` by themselves.
    Integer,
    /// Other numbers.
    Number,
    /// Texts that have a collation.
    Text,
    /// Dates.
    Date,
    /// Truth values.
    Boolean,
    /// Binary JSON.
    Json,
    /// Arrays of `integer`.
    Integers,
    /// Ranges that GiST indexes know.
    Range,
    /// Text search vectors.
    Words,
    /// Other types with an order.
    Ordered,
    /// Types without an order.
    Unordered,
}

/// A type, as SQL names it.
#[derive(Clone, Debug)]
pub(super) struct DataType {
    pub(super) sql: String,
    pub(super) family: Family,
    /// Expressions that have this type once assigned to it; may be empty.
    pub(super) values: Vec<String>,
}

impl DataType {
    pub(super) fn new(sql: &str, family: Family, values: &[&str]) -> DataType {
        DataType {
            sql: sql.to_owned(),
            family,
            values: values.iter().map(|value| value.to_string()).collect(),
        }
    }

    /// Whether B-trees, and with them keys, can hold it.
    pub(super) fn has_order(&self) -> bool {
        !matches!(self.family, Family::Unordered)
    }

    /// Whether its values can be stored out of line.
    pub(super) fn is_long(&self) -> bool {
        matches!(
            self.family,
            Family::Text | Family::Json | Family::Integers | Family::Words
        )
    }

    /// A value, or NULL.
    pub(super) fn value(&self, rng: &mut Rng) -> String {
        if self.values.is_empty() || rng.chance(12) {
            "NULL".to_owned()
        } else {
            rng.pick(&self.values).clone()
        }
    }

    /// Arrays of it.
    pub(super) fn array(&self) -> DataType {
        let values = self
            .values
            .iter()
            .map(|value| format!("ARRAY[{value}, NULL]::{}[]", self.sql))
            .chain(["'{}'".to_owned()])
            .collect();
        DataType {
            sql: format!("{}[]", self.sql),
            family: if self.has_order() {
                Family::Ordered
            } else {
                Family::Unordered
            },
            values,
        }
    }
}

/// Built-in types with values of theirs; no values mean all the odd texts.
const BUILT_IN: &[(&str, Family, &[&str])] = &[
    (
        "integer",
        Family::Integer,
        &["0", "1", "-2147483648", "2147483647", "17"],
    ),
    ("integer", Family::Integer, &["1", "2", "3", "4"]),
    (
        "bigint",
        Family::Integer,
        &["0", "-9223372036854775808", "9223372036854775807"],
    ),
    ("smallint", Family::Integer, &["-32768", "32767", "5"]),
    (
        "numeric",
        Family::Number,
        &[
            "0",
            "1.50",
            "-0.000",
            "'NaN'",
            "123456789012345678901234567890.123",
        ],
    ),
    (
        "numeric(10,2)",
        Family::Number,
        &["0", "1.5", "-99999999.99"],
    ),
    (
        "double precision",
        Family::Number,
        &["0", "'-0'", "'NaN'", "'Infinity'", "1e308", "0.1", "5e-324"],
    ),
    (
        "real",
        Family::Number,
        &["0", "'-Infinity'", "1.1", "1e-45"],
    ),
    ("text", Family::Text, &[]),
    ("text", Family::Text, &[]),
    ("character varying(40)", Family::Text, &[]),
    ("character(12)", Family::Text, &["'x'", "' y '", "''"]),
    ("name", Family::Text, &["'a name'", "''"]),
    (
        "date",
        Family::Date,
        &[
            "'2020-02-29'",
            "'0044-03-15 BC'",
            "'infinity'",
            "'5874897-12-31'",
        ],
    ),
    (
        "timestamp without time zone",
        Family::Ordered,
        &[
            "'-infinity'",
            "'2021-01-01 00:00:00.000001'",
            "'0001-01-01 BC'",
        ],
    ),
    (
        "timestamp(3) with time zone",
        Family::Ordered,
        &["'2024-06-30 12:34:56.789+05:30'", "'infinity'"],
    ),
    (
        "time with time zone",
        Family::Ordered,
        &["'24:00:00-12'", "'00:00:00+14'"],
    ),
    (
        "interval",
        Family::Ordered,
        &[
            "'1 year -2 mons 3 days -04:05:06.7'",
            "'-1 mon +1 day'",
            "'0'",
        ],
    ),
    (
        "interval day to second(2)",
        Family::Ordered,
        &["'3 days 04:05:06.789'"],
    ),
    ("boolean", Family::Boolean, &["true", "false"]),
    ("bytea", Family::Ordered, &["''", r"'\x00ff5c'", r"'\x27'"]),
    (
        "jsonb",
        Family::Json,
        &["'{}'", r#"'{"a": [1, null, "\""]}'"#, "'null'", "'1.10'"],
    ),
    (
        "json",
        Family::Unordered,
        &["'{ \"b\" :  1,\n \"b\": 2}'", "'[]'"],
    ),
    (
        "uuid",
        Family::Ordered,
        &["'00000000-0000-0000-0000-00000000000f'"],
    ),
    ("inet", Family::Ordered, &["'::1/128'", "'10.0.0.1/8'"]),
    (
        "integer[]",
        Family::Integers,
        &["'{}'", "'[-1:1]={1,NULL,3}'", "'{{1,2},{3,4}}'"],
    ),
    (
        "text[]",
        Family::Ordered,
        &[r#"'{"a,b","\"",NULL,"NULL",""}'"#, "'{}'"],
    ),
    ("int4range", Family::Range, &["'empty'", "'[1,5)'", "'(,)'"]),
    (
        "tsrange",
        Family::Range,
        &["'[2020-01-01,2020-02-01)'", "'(,2021-01-01]'"],
    ),
    (
        "daterange",
        Family::Range,
        &["'[2020-01-01,2020-02-01)'", "'[2021-01-01,infinity)'"],
    ),
    (
        "tsvector",
        Family::Words,
        &["'a:1 b:2A'", r"'''quo te'':3'"],
    ),
    ("bit varying(9)", Family::Ordered, &["B'101'", "B''"]),
    ("bit(3)", Family::Ordered, &["B'101'"]),
    (
        "point",
        Family::Unordered,
        &["'(1,-0)'", "'(NaN,Infinity)'"],
    ),
    ("xid", Family::Unordered, &["'7'"]),
    ("\"char\"", Family::Ordered, &["'a'", "''", r"'\'"]),
    ("oid", Family::Ordered, &["0", "4294967295"]),
    ("regclass", Family::Ordered, &["'pg_catalog.pg_class'", "0"]),
    ("money", Family::Ordered, &["'1.00'", "'-2.50'"]),
    (
        "int4multirange",
        Family::Ordered,
        &["'{}'", "'{[1,3),[5,7)}'"],
    ),
];

/// A built-in type.
pub(super) fn built_in(rng: &mut Rng, major: Major) -> DataType {
    let (sql, family, values) = *rng.pick(BUILT_IN);
    if sql == "int4multirange" && major < Major::V14 {
        return DataType::new("macaddr8", Family::Ordered, &["'08:00:2b:01:02:03:04:05'"]);
    }
    let mut made = DataType::new(sql, family, values);
    if made.values.is_empty() {
        made.values = text_literals();
    }
    made
}
