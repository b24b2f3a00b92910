//! Constraints of tables (`pg_constraint`). Those of domains have a file of their own.

use bstr::BString;

use crate::Oid;

/// Values of `pg_constraint.contype`.
pub mod contype {
    /// CHECK.
    pub const CHECK: u8 = b'c';
    /// FOREIGN KEY.
    pub const FOREIGN_KEY: u8 = b'f';
    /// NOT NULL; for tables only since 18.
    pub const NOT_NULL: u8 = b'n';
    /// PRIMARY KEY.
    pub const PRIMARY_KEY: u8 = b'p';
    /// UNIQUE.
    pub const UNIQUE: u8 = b'u';
    /// EXCLUDE.
    pub const EXCLUSION: u8 = b'x';
}

/// A constraint of a table.
#[derive(Debug, Clone)]
pub struct Constraint {
    /// OID in `pg_constraint`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// One of [`contype`].
    pub contype: u8,
    /// OID of the table.
    pub table: Oid,
    /// What the server's `pg_get_constraintdef` says. `None` for kinds whose definition is rendered from their index instead.
    pub definition: Option<BString>,
    /// OID of the index that enforces it.
    pub index: Option<Oid>,
    /// OID of the table that a foreign key refers to.
    pub references: Option<Oid>,
    /// DEFERRABLE; known for key and unique constraints only, others say it in their definition.
    pub is_deferrable: bool,
    /// INITIALLY DEFERRED; as above.
    pub is_deferred: bool,
    /// Whether it is a key WITHOUT OVERLAPS (since 18).
    pub is_period: bool,
    /// Whether it is defined on the table itself, not only inherited.
    pub is_local: bool,
    /// Whether existing rows are known to satisfy it.
    pub is_validated: bool,
}
