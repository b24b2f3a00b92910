//! Objects that are dropped with an extension they are no members of (`ALTER … DEPENDS ON EXTENSION`).

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::query::scan::scan;
use crate::{CatalogId, Error, Oid};

/// An object that was marked as depending on an extension.
#[derive(Debug, Clone, Copy)]
pub struct ExtensionDependency {
    /// The object.
    pub object: CatalogId,
    /// OID of the extension.
    pub extension: Oid,
}

impl Listed for ExtensionDependency {
    const WHAT: &'static str = "dependencies on extensions";

    // In physical order, as pg_dump finds those of one object through an index.
    fn query(_version: u32) -> String {
        format!(
            "SELECT d.classid, d.objid, d.refobjid
             FROM {} AS d
             WHERE d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
             ORDER BY d.classid, d.objid, d.place",
            scan(
                "pg_depend WHERE deptype = 'x'",
                "classid, objid, refclassid, refobjid"
            )
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            extension: cells.oid()?,
        })
    }
}
