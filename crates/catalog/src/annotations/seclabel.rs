//! Security labels (`pg_seclabel`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{CatalogId, Error};

/// A security label on an object or on one of its columns.
#[derive(Debug, Clone)]
pub struct SecLabel {
    /// The object. Large objects stand in `pg_largeobject` here.
    pub object: CatalogId,
    /// Attribute number of the column; 0 for the object itself.
    pub subid: i32,
    /// Name of the label provider, unquoted.
    pub provider: BString,
    /// The label.
    pub label: BString,
}

impl Listed for SecLabel {
    const WHAT: &'static str = "security labels";

    /// The labels of several providers on one object come in whatever order the server finds them. Through the view, that is
    /// the order that pg_dump sees.
    fn query(_version: u32) -> String {
        "SELECT classoid, objoid, objsubid, provider, label
         FROM pg_catalog.pg_seclabels
         ORDER BY classoid, objoid, objsubid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            subid: cells.get()?,
            provider: cells.text()?,
            label: cells.text()?,
        })
    }
}
