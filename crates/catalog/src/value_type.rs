//! Types whose values INSERT statements do not write as strings.

use crate::cells::Cells;
use crate::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// How a value is written in SQL.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueType {
    /// Digits, unless it is no finite number.
    Number,
    /// A string of bits.
    Bits,
    /// A truth value.
    Bool,
}

/// A column of such a type, or of a domain over one.
pub(crate) struct ColumnType {
    pub(crate) table: Oid,
    pub(crate) column: i16,
    pub(crate) value: ValueType,
}

impl Detailed for ColumnType {
    const WHAT: &'static str = "types of values";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "WITH RECURSIVE simple(oid, kind) AS (
                 SELECT t.oid, CASE t.typname WHEN 'bool' THEN 'b' WHEN 'bit' THEN 's' WHEN 'varbit' THEN 's' ELSE 'n' END
                 FROM pg_catalog.pg_type AS t
                 WHERE t.typnamespace = 'pg_catalog'::pg_catalog.regnamespace
                   AND t.typname IN ('bool', 'bit', 'varbit', 'int2', 'int4', 'int8', 'oid', 'float4', 'float8', 'numeric')
                 UNION ALL
                 SELECT t.oid, simple.kind FROM simple JOIN pg_catalog.pg_type AS t
                     ON t.typbasetype = simple.oid AND t.typtype = 'd')
             SELECT a.attrelid, a.attnum, simple.kind::\"char\"
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = wanted.oid AND a.attnum > 0
                  JOIN simple ON simple.oid = a.atttypid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            table: cells.oid()?,
            column: cells.get()?,
            value: match cells.char()? {
                b'b' => ValueType::Bool,
                b's' => ValueType::Bits,
                _ => ValueType::Number,
            },
        })
    }
}
