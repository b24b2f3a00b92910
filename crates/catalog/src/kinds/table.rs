//! Relations that can be dumped (`pg_class`): tables, views, sequences and their like, but not indexes.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// Values of `pg_class.relkind`.
pub mod relkind {
    /// Ordinary table.
    pub const TABLE: u8 = b'r';
    /// Index.
    pub const INDEX: u8 = b'i';
    /// Index on a partitioned table.
    pub const PARTITIONED_INDEX: u8 = b'I';
    /// Sequence.
    pub const SEQUENCE: u8 = b'S';
    /// View.
    pub const VIEW: u8 = b'v';
    /// Materialized view.
    pub const MATVIEW: u8 = b'm';
    /// The relation behind a composite type.
    pub const COMPOSITE_TYPE: u8 = b'c';
    /// Foreign table.
    pub const FOREIGN_TABLE: u8 = b'f';
    /// Partitioned table.
    pub const PARTITIONED_TABLE: u8 = b'p';
}

/// The column that a sequence belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwningColumn {
    /// OID of the table.
    pub table: Oid,
    /// Attribute number of the column.
    pub attnum: i16,
    /// Whether the sequence is the inside of an identity column, rather than one that `OWNED BY` links.
    pub is_identity: bool,
}

/// What is known of a relation before it is locked: what its own `pg_class` row says.
#[derive(Debug, Clone)]
pub struct Table {
    /// OID in `pg_class`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// One of [`relkind`].
    pub relkind: u8,
    /// OID of the row type in `pg_type`.
    pub row_type: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// Number of CHECK constraints.
    pub check_count: i16,
    /// Whether it has, or recently had, indexes.
    pub has_index: bool,
    /// Whether it has, or recently had, rules.
    pub has_rules: bool,
    /// Whether it has, or recently had, triggers.
    pub has_triggers: bool,
    /// Size in pages, as the last VACUUM or ANALYZE left it.
    pub pages: i32,
    /// Number of rows as the catalog's estimate prints it (a float4; -1 for never analyzed).
    pub tuples: BString,
    /// Pages marked all-visible.
    pub all_visible: i32,
    /// Pages marked all-frozen; 0 before 18.
    pub all_frozen: i32,
    /// Size of the TOAST table in pages; 0 where there is none.
    pub toast_pages: i32,
    /// `p` permanent, `u` unlogged, `t` temporary.
    pub persistence: u8,
    /// OID of the composite type that a typed table is `OF`.
    pub of_type: Option<Oid>,
    /// Privileges on the relation.
    pub acl: Acl,
    /// OID of the foreign server, for a foreign table.
    pub foreign_server: Option<Oid>,
    /// Name of the tablespace, where it is not the database's default.
    pub tablespace: Option<BString>,
    /// Whether a materialized view holds data.
    pub is_populated: bool,
    /// Replica identity: `d` default, `n` nothing, `f` all columns, `i` an index.
    pub replica_identity: u8,
    /// Whether row security is enabled.
    pub row_security: bool,
    /// Whether row security binds the owner too.
    pub force_row_security: bool,
    /// Storage parameters, `name=value`, without a view's check option.
    pub options: Vec<BString>,
    /// `LOCAL` or `CASCADED`, for a view WITH CHECK OPTION.
    pub check_option: Option<BString>,
    /// Storage parameters of the TOAST table, `name=value`.
    pub toast_options: Vec<BString>,
    /// Name of the access method, for relations that have storage and for partitioned tables that name one.
    pub access_method: Option<BString>,
    /// Whether it is a partition.
    pub is_partition: bool,
    /// The column that a sequence belongs to.
    pub owning_column: Option<OwningColumn>,
}

impl Listed for Table {
    const WHAT: &'static str = "tables";

    fn query(version: u32) -> String {
        let all_frozen = if version >= 180000 {
            "c.relallfrozen"
        } else {
            "0"
        };
        // Sequences find their owning column through pg_depend: an automatic dependency for OWNED BY, an internal one
        // for an identity column.
        format!(
            "SELECT c.oid, c.relname, c.relnamespace, c.relkind, c.reltype, c.relowner,
                    c.relchecks, c.relhasindex, c.relhasrules, c.relhastriggers,
                    c.relpages, c.reltuples, c.relallvisible, {all_frozen} AS relallfrozen,
                    COALESCE(toast.relpages, 0) AS toastpages,
                    c.relpersistence, c.reloftype, c.relacl,
                    pg_catalog.acldefault(CASE c.relkind WHEN 'S' THEN 's'::\"char\" ELSE 'r' END, c.relowner)
                        AS acldefault,
                    ft.ftserver, ts.spcname, c.relispopulated, c.relreplident,
                    c.relrowsecurity, c.relforcerowsecurity,
                    (SELECT pg_catalog.array_agg(o ORDER BY n)
                       FROM pg_catalog.unnest(c.reloptions) WITH ORDINALITY AS u(o, n)
                      WHERE o NOT IN ('check_option=local', 'check_option=cascaded')) AS reloptions,
                    (SELECT pg_catalog.upper(pg_catalog.substr(o, 14))
                       FROM pg_catalog.unnest(c.reloptions) AS u(o)
                      WHERE o IN ('check_option=local', 'check_option=cascaded')) AS checkoption,
                    toast.reloptions AS toast_reloptions, am.amname, c.relispartition,
                    owning.refobjid, owning.refobjsubid, owning.deptype = 'i' AS is_identity
             FROM pg_catalog.pg_class AS c
                  LEFT JOIN pg_catalog.pg_class AS toast
                      ON toast.oid = c.reltoastrelid AND toast.relkind = 't' AND c.relkind <> 'p'
                  LEFT JOIN pg_catalog.pg_tablespace AS ts ON ts.oid = c.reltablespace
                  LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.relam
                  LEFT JOIN pg_catalog.pg_foreign_table AS ft ON ft.ftrelid = c.oid
                  LEFT JOIN pg_catalog.pg_depend AS owning
                      ON c.relkind = 'S'
                     AND owning.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     AND owning.objid = c.oid AND owning.objsubid = 0
                     AND owning.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                     AND owning.deptype IN ('a', 'i')
             WHERE c.relkind IN ('r', 'S', 'v', 'c', 'm', 'f', 'p')
             ORDER BY c.oid"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            relkind: cells.char()?,
            row_type: cells.oid()?,
            owner: cells.oid()?,
            check_count: cells.get()?,
            has_index: cells.bool()?,
            has_rules: cells.bool()?,
            has_triggers: cells.bool()?,
            pages: cells.get()?,
            tuples: cells.text()?,
            all_visible: cells.get()?,
            all_frozen: cells.get()?,
            toast_pages: cells.get()?,
            persistence: cells.char()?,
            of_type: cells.opt_oid()?,
            acl: Acl::decode(cells)?,
            foreign_server: cells.opt_oid()?,
            tablespace: cells.opt_text()?,
            is_populated: cells.bool()?,
            replica_identity: cells.char()?,
            row_security: cells.bool()?,
            force_row_security: cells.bool()?,
            options: cells.array()?,
            check_option: cells.opt_text()?,
            toast_options: cells.array()?,
            access_method: cells.opt_text()?,
            is_partition: cells.bool()?,
            owning_column: decode_owning_column(cells)?,
        })
    }
}

fn decode_owning_column(cells: &mut Cells<'_>) -> Result<Option<OwningColumn>, Error> {
    let table = cells.opt_oid()?;
    let attnum: Option<i16> = cells.get()?;
    let is_identity: Option<BString> = cells.opt_text()?;
    Ok(table.zip(attnum).map(|(table, attnum)| OwningColumn {
        table,
        attnum,
        is_identity: is_identity.is_some_and(|flag| flag == "t"),
    }))
}
