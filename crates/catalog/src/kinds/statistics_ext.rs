//! Extended statistics (`pg_statistic_ext`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// An object of CREATE STATISTICS.
#[derive(Debug, Clone)]
pub struct StatisticsExt {
    /// OID in `pg_statistic_ext`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// OID of the table.
    pub table: Oid,
    /// Statistics target, where it is not the default.
    pub target: Option<i32>,
    /// CREATE STATISTICS as the server's `pg_get_statisticsobjdef` says it, without semicolon.
    pub definition: BString,
}

impl Detailed for StatisticsExt {
    const WHAT: &'static str = "extended statistics";

    /// The statistics of the tables in `oids`. The default target is -1 before 17 and NULL since.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT s.oid, s.stxname, s.stxnamespace, s.stxowner, s.stxrelid,
                    CASE WHEN s.stxstattarget >= 0 THEN s.stxstattarget END,
                    pg_catalog.pg_get_statisticsobjdef(s.oid)
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_statistic_ext AS s ON s.stxrelid = wanted.oid
             ORDER BY s.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            table: cells.oid()?,
            target: cells.get()?,
            definition: cells.text()?,
        })
    }
}
