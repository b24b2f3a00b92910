//! Object identity: OIDs and the fixed OIDs of the system catalogs themselves.

/// A PostgreSQL object identifier; 0 is "none".
pub type Oid = u32;

/// What identifies an object across the whole database: the catalog it stands in and its OID there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct CatalogId {
    /// OID of the system catalog (see [`class`]); 0 where the object has no catalog row.
    pub tableoid: Oid,
    /// OID of the row in that catalog.
    pub oid: Oid,
}

impl CatalogId {
    /// An object in the catalog `tableoid`.
    pub const fn new(tableoid: Oid, oid: Oid) -> Self {
        Self { tableoid, oid }
    }
}

/// OIDs of the system catalogs. They are assigned by hand in PostgreSQL's catalog headers and have been the same in
/// every supported major.
pub mod class {
    use super::Oid;

    /// `pg_type`
    pub const PG_TYPE: Oid = 1247;
    /// `pg_proc`
    pub const PG_PROC: Oid = 1255;
    /// `pg_class`
    pub const PG_CLASS: Oid = 1259;
    /// `pg_database`
    pub const PG_DATABASE: Oid = 1262;
    /// `pg_foreign_server`
    pub const PG_FOREIGN_SERVER: Oid = 1417;
    /// `pg_foreign_data_wrapper`
    pub const PG_FOREIGN_DATA_WRAPPER: Oid = 2328;
    /// `pg_am`
    pub const PG_AM: Oid = 2601;
    /// `pg_amop`
    pub const PG_AMOP: Oid = 2602;
    /// `pg_amproc`
    pub const PG_AMPROC: Oid = 2603;
    /// `pg_attrdef`
    pub const PG_ATTRDEF: Oid = 2604;
    /// `pg_cast`
    pub const PG_CAST: Oid = 2605;
    /// `pg_constraint`
    pub const PG_CONSTRAINT: Oid = 2606;
    /// `pg_conversion`
    pub const PG_CONVERSION: Oid = 2607;
    /// `pg_language`
    pub const PG_LANGUAGE: Oid = 2612;
    /// `pg_largeobject`
    pub const PG_LARGEOBJECT: Oid = 2613;
    /// `pg_namespace`
    pub const PG_NAMESPACE: Oid = 2615;
    /// `pg_opclass`
    pub const PG_OPCLASS: Oid = 2616;
    /// `pg_operator`
    pub const PG_OPERATOR: Oid = 2617;
    /// `pg_rewrite`
    pub const PG_REWRITE: Oid = 2618;
    /// `pg_trigger`
    pub const PG_TRIGGER: Oid = 2620;
    /// `pg_opfamily`
    pub const PG_OPFAMILY: Oid = 2753;
    /// `pg_largeobject_metadata`
    pub const PG_LARGEOBJECT_METADATA: Oid = 2995;
    /// `pg_extension`
    pub const PG_EXTENSION: Oid = 3079;
    /// `pg_policy`
    pub const PG_POLICY: Oid = 3256;
    /// `pg_statistic_ext`
    pub const PG_STATISTIC_EXT: Oid = 3381;
    /// `pg_collation`
    pub const PG_COLLATION: Oid = 3456;
    /// `pg_event_trigger`
    pub const PG_EVENT_TRIGGER: Oid = 3466;
    /// `pg_transform`
    pub const PG_TRANSFORM: Oid = 3576;
    /// `pg_ts_dict`
    pub const PG_TS_DICT: Oid = 3600;
    /// `pg_ts_parser`
    pub const PG_TS_PARSER: Oid = 3601;
    /// `pg_ts_config`
    pub const PG_TS_CONFIG: Oid = 3602;
    /// `pg_ts_template`
    pub const PG_TS_TEMPLATE: Oid = 3764;
    /// `pg_default_acl`
    pub const PG_DEFAULT_ACL: Oid = 826;
    /// `pg_subscription`
    pub const PG_SUBSCRIPTION: Oid = 6100;
    /// `pg_subscription_rel`
    pub const PG_SUBSCRIPTION_REL: Oid = 6102;
    /// `pg_publication`
    pub const PG_PUBLICATION: Oid = 6104;
    /// `pg_publication_rel`
    pub const PG_PUBLICATION_REL: Oid = 6106;
    /// `pg_publication_namespace`
    pub const PG_PUBLICATION_NAMESPACE: Oid = 6237;
}
