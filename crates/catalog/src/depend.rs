//! Dependencies between objects (`pg_depend`).

use crate::cells::Cells;
use crate::flight::Listed;
use crate::{CatalogId, Error};

/// One object needs another. Columns count as their tables.
#[derive(Debug, Clone, Copy)]
pub struct Dependency {
    /// The object that needs the other.
    pub object: CatalogId,
    /// The object it needs.
    pub on: CatalogId,
    /// `pg_depend.deptype`: `n` normal, `a` automatic, `i` internal, `P`/`S` of partitions, `x` on an extension.
    pub kind: u8,
}

impl Listed for Dependency {
    const WHAT: &'static str = "dependencies";

    /// Membership in extensions (`e`) and pins (`p`) are not asked for. Members of operator families (`pg_amop`, `pg_amproc`) are
    /// no objects of their own here: what they need counts as needed by their family, but for the family itself.
    fn query(_version: u32) -> String {
        "SELECT classid, objid, refclassid, refobjid, deptype
         FROM pg_catalog.pg_depend
         WHERE deptype NOT IN ('p', 'e')
         UNION ALL
         SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass::pg_catalog.oid, member.family,
                d.refclassid, d.refobjid, d.deptype
         FROM (SELECT 'pg_catalog.pg_amop'::pg_catalog.regclass, oid, amopfamily FROM pg_catalog.pg_amop
               UNION ALL
               SELECT 'pg_catalog.pg_amproc'::pg_catalog.regclass, oid, amprocfamily FROM pg_catalog.pg_amproc)
                  AS member(class, oid, family)
              JOIN pg_catalog.pg_depend AS d ON d.classid = member.class AND d.objid = member.oid
         WHERE d.deptype NOT IN ('p', 'e', 'i')
           AND NOT (d.refclassid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass AND d.refobjid = member.family)
         ORDER BY 1, 2"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self { object: cells.catalog_id()?, on: cells.catalog_id()?, kind: cells.char()? })
    }
}
