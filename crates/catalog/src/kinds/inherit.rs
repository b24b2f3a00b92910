//! Which relation inherits from which (`pg_inherits`), partitions included.

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// One relation is a child of another. Partitioned indexes are in here too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Inherits {
    /// OID of the child.
    pub child: Oid,
    /// OID of the parent.
    pub parent: Oid,
}

impl Listed for Inherits {
    const WHAT: &'static str = "inheritance";

    /// In the order in which the rows lie in the catalog, as pg_dump takes them: a child names its parents in that order.
    fn query(_version: u32) -> String {
        "SELECT inhrelid, inhparent FROM pg_catalog.pg_inherits".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            child: cells.oid()?,
            parent: cells.oid()?,
        })
    }
}
