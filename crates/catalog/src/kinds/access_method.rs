//! Access methods (`pg_am`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// An index or table access method.
#[derive(Debug, Clone)]
pub struct AccessMethod {
    /// OID in `pg_am`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// `i` for indexes, `t` for tables.
    pub amtype: u8,
    /// The handler function, as SQL.
    pub handler: BString,
}

impl Listed for AccessMethod {
    const WHAT: &'static str = "access methods";

    fn query(_version: u32) -> String {
        "SELECT oid, amname, amtype, amhandler FROM pg_catalog.pg_am".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            amtype: cells.char()?,
            handler: cells.text()?,
        })
    }
}
