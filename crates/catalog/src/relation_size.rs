//! How much a table's data takes on disk, for whoever divides the reading of it.

use crate::cells::Cells;
use crate::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// A table's place on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RelationSize {
    /// OID of the table.
    pub oid: Oid,
    /// Pages of its main fork.
    pub pages: u32,
    /// Bytes of its main fork and of its TOAST table's.
    pub bytes: u64,
    /// Whether a range of pages is cheap to read by itself, and the role may do so.
    pub by_pages: bool,
}

impl Detailed for RelationSize {
    const WHAT: &'static str = "sizes of tables";

    /// Servers before 14 read the whole table to find a range of `ctid`. Other access methods than the heap need not place rows by
    /// page at all. And `ctid` is readable for roles that may read the whole table, not for those that may read some columns.
    fn query(version: u32, oids: &[Oid]) -> String {
        let by_pages = if version >= 140_000 {
            "am.amhandler = 'pg_catalog.heap_tableam_handler'::pg_catalog.regproc
             AND pg_catalog.has_table_privilege(c.oid, 'SELECT')"
        } else {
            "false"
        };
        format!(
            "SELECT oid, main / pg_catalog.current_setting('block_size')::bigint, main + toast, by_pages
             FROM (SELECT c.oid, COALESCE(pg_catalog.pg_relation_size(c.oid), 0) AS main,
                          COALESCE(pg_catalog.pg_relation_size(NULLIF(c.reltoastrelid, 0)), 0) AS toast,
                          {by_pages} AS by_pages
                   FROM {} AS wanted(oid)
                   JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
                   LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
                   WHERE c.relkind = 'r') AS sizes",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            pages: cells.get()?,
            bytes: cells.get()?,
            by_pages: cells.get::<Option<bool>>()?.unwrap_or(false),
        })
    }
}
