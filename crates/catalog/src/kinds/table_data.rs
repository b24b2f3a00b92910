//! What is to be known of tables whose rows are dumped: how much they take on disk, how their values are written in SQL, and
//! whether rows may change partitions.

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
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

/// A query for the names of those of `tables`, as SQL, that have another file than they had when the transaction's snapshot was taken.
///
/// Whatever truncates or rewrites a table gives it a new file, from which the rows that the snapshot should see may be missing. The
/// catalog shows the snapshot's state, the function today's: where the tables are locked, it stays as it is. The files of a few catalogs,
/// which may be dumped by name, are mapped elsewhere, and the catalog has 0 for them.
pub fn replaced_files(tables: &[Oid]) -> String {
    format!(
        "SELECT c.oid::pg_catalog.regclass
         FROM {} AS wanted(oid) JOIN pg_catalog.pg_class AS c ON c.oid = wanted.oid
         WHERE c.relfilenode <> 0 AND c.relfilenode <> pg_catalog.pg_relation_filenode(c.oid)
         ORDER BY c.oid",
        oid_list(tables)
    )
}

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

/// A table that is partitioned by the hash of an enum.
///
/// Such a hash is made from the OID of the enum's value, which is another one after a restore: rows may belong to other
/// partitions then.
pub(crate) struct UnstablePartitioning {
    /// OID of the partitioned table.
    pub(crate) table: Oid,
}

impl Listed for UnstablePartitioning {
    const WHAT: &'static str = "partitioning";

    fn query(_version: u32) -> String {
        "SELECT p.partrelid
         FROM pg_catalog.pg_partitioned_table AS p
         WHERE (SELECT opc.oid
                FROM pg_catalog.pg_opclass AS opc
                     JOIN pg_catalog.pg_am AS am ON am.oid = opc.opcmethod AND am.amname = 'hash'
                WHERE opc.opcname = 'enum_ops'
                  AND opc.opcnamespace = 'pg_catalog'::pg_catalog.regnamespace) = ANY (p.partclass)"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            table: cells.oid()?,
        })
    }
}
