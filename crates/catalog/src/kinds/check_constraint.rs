//! Constraints of tables that need no index and no other table (`pg_constraint`): CHECK, and NOT NULL that is NOT VALID.

use crate::kinds::constraint::Constraint;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// A constraint that is written inside its table, unless existing rows are not known to satisfy it.
pub(crate) struct CheckConstraint(pub(crate) Constraint);

impl Detailed for CheckConstraint {
    const WHAT: &'static str = "check constraints";

    /// A valid NOT NULL is a property of its column (see [`crate::NotNull`]). One that is NOT VALID exists since 18.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid, c.conname, c.contype, c.conrelid, pg_catalog.pg_get_constraintdef(c.oid),
                    c.conislocal, c.convalidated
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_constraint AS c ON c.conrelid = wanted.oid
             WHERE c.contype = 'c' OR c.contype = 'n' AND NOT c.convalidated
             ORDER BY c.contype = 'c', c.conrelid, c.conname",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self(Constraint {
            oid: cells.oid()?,
            name: cells.text()?,
            contype: cells.char()?,
            table: cells.oid()?,
            definition: cells.opt_text()?,
            index: None,
            references: None,
            is_deferrable: false,
            is_deferred: false,
            is_period: false,
            is_local: cells.bool()?,
            is_validated: cells.bool()?,
        }))
    }
}
