//! Triggers (`pg_trigger`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// A trigger that a user declared, or a partition's clone of one that was switched on or off apart from it.
#[derive(Debug, Clone)]
pub struct Trigger {
    /// OID in `pg_trigger`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the table or view.
    pub table: Oid,
    /// CREATE TRIGGER as the server's `pg_get_triggerdef` says it, without semicolon.
    pub definition: BString,
    /// `O` enabled, `D` disabled, `R` enabled on replicas, `A` enabled always.
    pub enabled: u8,
    /// Whether it comes with the trigger of the partitioned table.
    pub is_clone: bool,
}

impl Detailed for Trigger {
    const WHAT: &'static str = "triggers";

    /// Before 15, clones count as internal; since then, they know their parent and are not internal.
    fn query(version: u32, oids: &[Oid]) -> String {
        let (is_clone, is_declared) = if version >= 150000 {
            (
                "t.tgparentid <> 0",
                "NOT t.tgisinternal AND t.tgparentid = 0",
            )
        } else {
            ("t.tgisinternal", "NOT t.tgisinternal")
        };
        format!(
            "SELECT t.oid, t.tgname, t.tgrelid, pg_catalog.pg_get_triggerdef(t.oid, false), t.tgenabled, {is_clone}
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_trigger AS t ON t.tgrelid = wanted.oid
                  LEFT JOIN pg_catalog.pg_trigger AS parent ON parent.oid = t.tgparentid
             WHERE {is_declared} OR t.tgenabled <> parent.tgenabled
             ORDER BY t.tgrelid, t.tgname",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            table: cells.oid()?,
            definition: cells.text()?,
            enabled: cells.char()?,
            is_clone: cells.bool()?,
        })
    }
}
