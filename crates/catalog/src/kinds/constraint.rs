//! Constraints of tables (`pg_constraint`): here those that an index enforces, and foreign keys. CHECK and the constraints of domains have
//! files of their own.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

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

/// A primary key, a unique or an exclusion constraint.
pub(crate) struct KeyConstraint(pub(crate) Constraint);

impl Detailed for KeyConstraint {
    const WHAT: &'static str = "key constraints";

    /// Only exclusion constraints take their definition from the server: that of a key names the tablespace, and an archive
    /// keeps tablespaces apart from definitions.
    fn query(version: u32, oids: &[Oid]) -> String {
        let is_period = if version >= 180000 {
            "c.conperiod"
        } else {
            "false"
        };
        format!(
            "SELECT c.oid, c.conname, c.contype, c.conrelid, c.conindid, c.condeferrable, c.condeferred, {is_period},
                    CASE WHEN c.contype = 'x' THEN pg_catalog.pg_get_constraintdef(c.oid) END
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_constraint AS c ON c.conrelid = wanted.oid
             WHERE c.contype IN ('p', 'u', 'x')
             ORDER BY c.conrelid, c.conname",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self(Constraint {
            oid: cells.oid()?,
            name: cells.text()?,
            contype: cells.char()?,
            table: cells.oid()?,
            index: cells.opt_oid()?,
            is_deferrable: cells.bool()?,
            is_deferred: cells.bool()?,
            is_period: cells.bool()?,
            definition: cells.opt_text()?,
            references: None,
            is_local: true,
            is_validated: true,
        }))
    }
}

/// A foreign key that was declared on its table, rather than cloned from that of a partitioned table.
pub(crate) struct ForeignKey(pub(crate) Constraint);

impl Detailed for ForeignKey {
    const WHAT: &'static str = "foreign keys";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid, c.conname, c.contype, c.conrelid, c.conindid, c.confrelid, c.convalidated,
                    pg_catalog.pg_get_constraintdef(c.oid)
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_constraint AS c ON c.conrelid = wanted.oid
             WHERE c.contype = 'f' AND c.conparentid = 0
             ORDER BY c.conrelid, c.conname",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self(Constraint {
            oid: cells.oid()?,
            name: cells.text()?,
            contype: cells.char()?,
            table: cells.oid()?,
            index: cells.opt_oid()?,
            references: cells.opt_oid()?,
            is_validated: cells.bool()?,
            definition: cells.opt_text()?,
            is_deferrable: false,
            is_deferred: false,
            is_period: false,
            is_local: true,
        }))
    }
}
