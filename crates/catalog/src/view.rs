//! Queries behind views and materialized views (`pg_rewrite`).

use bstr::BString;

use crate::cells::Cells;
use crate::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// What a view or materialized view shows.
pub(crate) struct View {
    /// OID of the view in `pg_class`.
    pub(crate) oid: Oid,
    /// The query as the server's `pg_get_viewdef` says it, with its semicolon.
    pub(crate) query: BString,
}

impl Detailed for View {
    const WHAT: &'static str = "view definitions";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT wanted.oid, pg_catalog.pg_get_viewdef(wanted.oid)
             FROM {} AS wanted(oid)",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        // A view that is gone by now has NULL: the empty definition, which no view has, says so.
        Ok(Self {
            oid: cells.oid()?,
            query: cells.opt_text()?.unwrap_or_default(),
        })
    }
}

/// A view or materialized view reads another one. Those that initdb made are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewDependency {
    /// OID of the view that reads.
    pub reader: Oid,
    /// OID of the view that is read.
    pub read: Oid,
}

impl Listed for ViewDependency {
    const WHAT: &'static str = "dependencies between views";

    /// The server records what a view reads by descending OID. Whoever takes the rows as they come has them in that order.
    fn query(_version: u32) -> String {
        "SELECT DISTINCT rule.ev_class, source.oid
         FROM pg_catalog.pg_rewrite AS rule
              JOIN pg_catalog.pg_depend AS d
                  ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND d.objid = rule.oid
                 AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 AND d.refobjid <> rule.ev_class
              JOIN pg_catalog.pg_class AS source
                  ON source.oid = d.refobjid AND source.relkind IN ('m', 'v')
         WHERE rule.ev_class >= 16384 AND source.oid >= 16384
         ORDER BY rule.ev_class, source.oid DESC"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            reader: cells.oid()?,
            read: cells.oid()?,
        })
    }
}
