//! Dependencies between objects (`pg_depend`).

use crate::query::cells::Cells;
use crate::query::flight::Listed;
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
    ///
    /// The sort leaves open in which order one object's dependencies come, and the order shows in the archive. The parts are
    /// put together so that the server's sort meets them as it does for pg_dump, and leaves them as it does there.
    fn query(_version: u32) -> String {
        let member = |class: &str, family: &str| {
            format!(
                "SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass::pg_catalog.oid, m.{family},
                        d.refclassid, d.refobjid, d.deptype
                 FROM pg_catalog.pg_depend AS d, pg_catalog.{class} AS m
                 WHERE d.deptype NOT IN ('p', 'e', 'i')
                   AND d.classid = 'pg_catalog.{class}'::pg_catalog.regclass AND d.objid = m.oid
                   AND NOT (d.refclassid = 'pg_catalog.pg_opfamily'::pg_catalog.regclass AND m.{family} = d.refobjid)"
            )
        };
        format!(
            "SELECT classid, objid, refclassid, refobjid, deptype
             FROM pg_catalog.pg_depend
             WHERE deptype <> 'p' AND deptype <> 'e'
             UNION ALL {}
             UNION ALL {}
             ORDER BY 1, 2",
            member("pg_amop", "amopfamily"),
            member("pg_amproc", "amprocfamily")
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            on: cells.catalog_id()?,
            kind: cells.char()?,
        })
    }
}
