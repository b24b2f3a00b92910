//! Range types (`pg_range`).

use bstr::BString;

use crate::kinds::data_type::{QualifiedName, decode_reference};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// What a range type is made of.
#[derive(Debug, Clone)]
pub struct RangeDetails {
    /// OID of the range type.
    pub oid: Oid,
    /// Its multirange type, as SQL; `None` before 14.
    pub multirange: Option<BString>,
    /// The subtype, as SQL.
    pub subtype: BString,
    /// The subtype's operator class, where it is not the default one.
    pub op_class: Option<QualifiedName>,
    /// The collation, where it is not the one the subtype has.
    pub collation: Option<QualifiedName>,
    /// The function that makes ranges canonical, as SQL.
    pub canonical: Option<BString>,
    /// The function that subtracts subtype values, as SQL.
    pub subtype_diff: Option<BString>,
}

impl Detailed for RangeDetails {
    const WHAT: &'static str = "range types";

    fn query(version: u32, oids: &[Oid]) -> String {
        let multirange = if version >= 140000 {
            "pg_catalog.format_type(r.rngmultitypid, NULL)"
        } else {
            "NULL"
        };
        format!(
            "SELECT r.rngtypid, {multirange}, pg_catalog.format_type(r.rngsubtype, NULL),
                    CASE WHEN NOT opc.opcdefault THEN opcn.nspname END,
                    CASE WHEN NOT opc.opcdefault THEN opc.opcname END, colln.nspname, coll.collname, r.rngcanonical, r.rngsubdiff
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_range AS r ON r.rngtypid = wanted.oid
                  JOIN pg_catalog.pg_type AS sub ON sub.oid = r.rngsubtype
                  JOIN pg_catalog.pg_opclass AS opc ON opc.oid = r.rngsubopc
                  LEFT JOIN pg_catalog.pg_namespace AS opcn ON opcn.oid = opc.opcnamespace
                  LEFT JOIN pg_catalog.pg_collation AS coll
                      ON coll.oid = r.rngcollation AND r.rngcollation <> sub.typcollation
                  LEFT JOIN pg_catalog.pg_namespace AS colln ON colln.oid = coll.collnamespace",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            multirange: cells.opt_text()?,
            subtype: cells.text()?,
            op_class: QualifiedName::decode(cells)?,
            collation: QualifiedName::decode(cells)?,
            canonical: decode_reference(cells)?,
            subtype_diff: decode_reference(cells)?,
        })
    }
}
