//! Attributes of stand-alone composite types.

use bstr::BString;

use crate::kinds::data_type::QualifiedName;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// One attribute of a composite type that has not been dropped.
#[derive(Debug, Clone)]
pub struct CompositeAttribute {
    /// OID of the composite type.
    pub composite: Oid,
    /// Attribute number.
    pub number: i32,
    /// Name, unquoted.
    pub name: BString,
    /// Its type, as SQL.
    pub type_name: BString,
    /// Its collation, where that is not the one its type has.
    pub collation: Option<QualifiedName>,
}

impl Detailed for CompositeAttribute {
    const WHAT: &'static str = "attributes of composite types";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT t.oid, a.attnum, a.attname, pg_catalog.format_type(a.atttypid, a.atttypmod),
                    n.nspname, coll.collname
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_type AS t ON t.oid = wanted.oid
                  JOIN pg_catalog.pg_attribute AS a ON a.attrelid = t.typrelid
                  LEFT JOIN pg_catalog.pg_type AS atype ON atype.oid = a.atttypid
                  LEFT JOIN pg_catalog.pg_collation AS coll
                      ON coll.oid = a.attcollation AND a.attcollation <> atype.typcollation
                  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = coll.collnamespace
             WHERE NOT a.attisdropped AND a.attnum > 0
             ORDER BY t.oid, a.attnum",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            composite: cells.oid()?,
            number: cells.get()?,
            name: cells.text()?,
            type_name: cells.text()?,
            collation: QualifiedName::decode(cells)?,
        })
    }
}
