//! Column defaults and generation expressions (`pg_attrdef`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// What a column gets where a statement gives it no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AttrDef {
    /// OID in `pg_attrdef`; 0 for one that no catalog row stands for.
    pub oid: Oid,
    /// OID of the table.
    pub table: Oid,
    /// Attribute number of the column.
    pub column: i16,
    /// The expression as SQL.
    pub expression: BString,
}

impl Detailed for AttrDef {
    const WHAT: &'static str = "column defaults";

    /// Only generated columns speak of other columns. The server is not told the table of the others, because to be ready for
    /// columns it would go through all of the table's for each default: seconds for a table of a thousand columns.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT d.oid, d.adrelid, d.adnum,
                    pg_catalog.pg_get_expr(d.adbin, CASE WHEN a.attgenerated <> '' THEN d.adrelid ELSE 0 END)
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_attrdef AS d ON d.adrelid = wanted.oid
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
             ORDER BY d.adrelid, d.adnum",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            table: cells.oid()?,
            column: cells.get()?,
            expression: cells.text()?,
        })
    }
}
