//! Large objects (`pg_largeobject_metadata`).

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// Large objects that share owner and privileges: so many at most in one group as pg_dump puts into one entry.
#[derive(Debug, Clone)]
pub struct LargeObjectGroup {
    /// OID of the owning role.
    pub owner: Oid,
    /// Privileges on each of them.
    pub acl: Acl,
    /// Their OIDs, ascending; never empty.
    pub oids: Vec<Oid>,
}

impl Listed for LargeObjectGroup {
    const WHAT: &'static str = "large objects";

    /// Grouping on the server keeps a million large objects from becoming a million rows.
    fn query(_version: u32) -> String {
        "SELECT lomowner, lomacl, pg_catalog.acldefault('L', lomowner), pg_catalog.array_agg(oid ORDER BY oid)
         FROM (SELECT oid, lomowner, lomacl::pg_catalog.text AS lomacl,
                      (pg_catalog.row_number() OVER (
                          PARTITION BY lomowner, lomacl::pg_catalog.text ORDER BY oid) - 1) / 1000 AS batch
               FROM pg_catalog.pg_largeobject_metadata) AS numbered
         GROUP BY lomowner, lomacl, batch
         ORDER BY lomowner, lomacl, batch"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            owner: cells.oid()?,
            acl: Acl::decode(cells)?,
            oids: cells.get()?,
        })
    }
}
