//! Rewrite rules (`pg_rewrite`), those behind views included.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// A rule. System views have theirs listed too: dependencies lead through them.
#[derive(Debug, Clone)]
pub struct Rule {
    /// OID in `pg_rewrite`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the table or view.
    pub table: Oid,
    /// Whether it is DO INSTEAD on SELECT: the query of a view.
    pub is_select: bool,
    /// `O` enabled, `D` disabled, `R` enabled on replicas, `A` enabled always.
    pub enabled: u8,
    /// CREATE RULE as the server's `pg_get_ruledef` says it, with semicolon; only for rules of the wanted tables that are no
    /// view's query.
    pub definition: Option<BString>,
}

impl Detailed for Rule {
    const WHAT: &'static str = "rules";

    /// Every rule is listed, definitions are for the tables in `oids`.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT r.oid, r.rulename, r.ev_class, r.ev_type = '1' AND r.is_instead, r.ev_enabled,
                    CASE WHEN wanted.oid IS NOT NULL AND NOT (r.ev_type = '1' AND r.is_instead)
                         THEN pg_catalog.pg_get_ruledef(r.oid) END
             FROM pg_catalog.pg_rewrite AS r LEFT JOIN {} AS wanted(oid) ON wanted.oid = r.ev_class
             ORDER BY r.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            table: cells.oid()?,
            is_select: cells.bool()?,
            enabled: cells.char()?,
            definition: cells.opt_text()?,
        })
    }
}
