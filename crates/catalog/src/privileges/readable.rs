//! What the session's role may not read, though it sees that it exists.

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// Superusers may read everything, so that for them nothing is looked at.
const NO_SUPERUSER: &str = "pg_catalog.current_setting('is_superuser') = 'off'";

/// A table or sequence for which the role lacks something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// OID in `pg_class`.
    pub relation: Oid,
    /// Whether the role may use the schema.
    pub may_enter: bool,
    /// Whether the role may lock the relation in ACCESS SHARE mode.
    pub may_lock: bool,
    /// Whether the role may read at least some of its columns.
    pub may_read: bool,
    /// Whether row security is in force for the role, so that the server refuses to read the table rather than to leave rows out.
    pub hides_rows: bool,
}

impl Listed for Closed {
    const WHAT: &'static str = "privileges of the role";

    /// The functions say NULL, and the row is left out, where a relation was dropped since the snapshot was taken.
    fn query(version: u32) -> String {
        let locking = match version {
            170000.. => "SELECT, INSERT, UPDATE, DELETE, TRUNCATE, MAINTAIN",
            160000.. => "SELECT, INSERT, UPDATE, DELETE, TRUNCATE",
            _ => "SELECT",
        };
        format!(
            "SELECT * FROM (
                 SELECT c.oid,
                        pg_catalog.has_schema_privilege(c.relnamespace, 'USAGE') AS may_enter,
                        pg_catalog.has_table_privilege(c.oid, '{locking}') AS may_lock,
                        pg_catalog.has_table_privilege(c.oid, 'SELECT')
                            OR c.relkind <> 'S' AND pg_catalog.has_any_column_privilege(c.oid, 'SELECT') AS may_read,
                        c.relrowsecurity AND pg_catalog.row_security_active(c.oid) AS hides_rows
                 FROM pg_catalog.pg_class AS c
                 WHERE c.relkind IN ('r', 'p', 'S') AND {NO_SUPERUSER}) AS privileges
             WHERE NOT (may_enter AND may_lock AND may_read AND NOT hides_rows)
             ORDER BY oid"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            relation: cells.oid()?,
            may_enter: cells.bool()?,
            may_lock: cells.bool()?,
            may_read: cells.bool()?,
            hides_rows: cells.bool()?,
        })
    }
}

/// A large object that the role may not read.
pub(crate) struct ClosedLargeObject(pub(crate) Oid);

impl Listed for ClosedLargeObject {
    const WHAT: &'static str = "privileges on large objects";

    /// Before 18 there is no function that tells. Where privileges were never granted, they are the owner's alone.
    fn query(version: u32) -> String {
        let readable = if version >= 180000 {
            "pg_catalog.has_largeobject_privilege(m.oid, 'SELECT')"
        } else {
            "CASE WHEN m.lomacl IS NULL THEN pg_catalog.pg_has_role(m.lomowner, 'USAGE')
                  ELSE EXISTS (SELECT FROM pg_catalog.aclexplode(m.lomacl) AS item
                               WHERE item.privilege_type = 'SELECT'
                                 AND (item.grantee = 0 OR pg_catalog.pg_has_role(item.grantee, 'USAGE'))) END"
        };
        format!(
            "SELECT m.oid FROM pg_catalog.pg_largeobject_metadata AS m
             WHERE {NO_SUPERUSER} AND pg_catalog.current_setting('lo_compat_privileges') = 'off' AND NOT ({readable})
             ORDER BY m.oid"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self(cells.oid()?))
    }
}
