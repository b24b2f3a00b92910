//! Event triggers (`pg_event_trigger`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// An event trigger.
#[derive(Debug, Clone)]
pub struct EventTrigger {
    /// OID in `pg_event_trigger`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// The event: `ddl_command_start` and its like.
    pub event: BString,
    /// The command tags it is for; empty for all.
    pub tags: Vec<BString>,
    /// Its function, quoted and qualified by the server, without parentheses.
    pub function: BString,
    /// `O` enabled, `D` disabled, `R` enabled on replicas, `A` enabled always.
    pub enabled: u8,
}

impl Listed for EventTrigger {
    const WHAT: &'static str = "event triggers";

    fn query(_version: u32) -> String {
        "SELECT oid, evtname, evtowner, evtevent, evttags, evtfoid::pg_catalog.regproc, evtenabled
         FROM pg_catalog.pg_event_trigger
         ORDER BY oid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            event: cells.text()?,
            tags: cells.array()?,
            function: cells.text()?,
            enabled: cells.char()?,
        })
    }
}
