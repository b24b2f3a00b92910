//! Labels of enum types (`pg_enum`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// The labels of one enum type.
#[derive(Debug, Clone)]
pub struct EnumDetails {
    /// OID of the type.
    pub oid: Oid,
    /// Labels in their order. An enum may have none, and is then missing from the details.
    pub labels: Vec<BString>,
}

impl Detailed for EnumDetails {
    const WHAT: &'static str = "enum labels";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT e.enumtypid, pg_catalog.array_agg(e.enumlabel ORDER BY e.enumsortorder)
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_enum AS e ON e.enumtypid = wanted.oid
             GROUP BY e.enumtypid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            labels: cells.array()?,
        })
    }
}
