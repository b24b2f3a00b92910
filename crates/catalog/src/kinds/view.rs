//! Queries behind views and materialized views (`pg_rewrite`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
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

/// A materialized view reads another one, itself or through views and further materialized views.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ViewDependency {
    /// OID of the materialized view that reads.
    pub reader: Oid,
    /// OID of the materialized view that is read.
    pub read: Oid,
}

impl Listed for ViewDependency {
    const WHAT: &'static str = "dependencies between materialized views";

    /// The order of the rows is left to the server, and shows in the archive: it is that of the scans and joins below, which
    /// depend on where rules are stored and how many there are. The joins are pg_dump's, so that the server plans them alike.
    fn query(_version: u32) -> String {
        let reads = |rule: &str, of: &str, link: &str, source: &str| {
            format!(
                "JOIN pg_catalog.pg_rewrite AS {rule} ON {rule}.ev_class = {of}
                 JOIN pg_catalog.pg_depend AS {link}
                     ON {link}.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass
                    AND {link}.objid = {rule}.oid AND {link}.refobjid <> {of}
                 JOIN pg_catalog.pg_class AS {source}
                     ON {source}.oid = {link}.refobjid AND {source}.relkind IN ('m', 'v')"
            )
        };
        format!(
            "WITH RECURSIVE reads AS (
                 SELECT own.objid AS reader, link.refobjid AS read, source.relkind
                 FROM pg_catalog.pg_depend AS own
                      JOIN pg_catalog.pg_class AS matview
                          ON matview.oid = own.objid AND matview.relkind = 'm'
                      {}
                 WHERE own.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 UNION
                 SELECT reads.reader, link.refobjid, source.relkind
                 FROM reads {}
             )
             SELECT reader, read FROM reads WHERE relkind = 'm'",
            reads("rule", "own.objid", "link", "source"),
            reads("rule", "reads.read", "link", "source"),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            reader: cells.oid()?,
            read: cells.oid()?,
        })
    }
}
