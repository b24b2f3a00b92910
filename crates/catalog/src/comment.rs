//! Comments (`pg_description`).

use bstr::BString;

use crate::cells::Cells;
use crate::flight::Listed;
use crate::{CatalogId, Error};

/// A comment on an object or on one of its columns.
#[derive(Debug, Clone)]
pub struct Comment {
    /// The object.
    pub object: CatalogId,
    /// Attribute number of the column; 0 for the object itself.
    pub subid: i32,
    /// The text; never empty.
    pub text: BString,
}

impl Listed for Comment {
    const WHAT: &'static str = "comments";

    /// Comments on what initdb made are many and never dumped, but for those on schemas: `public` and its like. Large objects
    /// get whatever OID their maker asks for.
    fn query(_version: u32) -> String {
        "SELECT classoid, objoid, objsubid, description
         FROM pg_catalog.pg_description
         WHERE objoid >= 16384
            OR classoid IN ('pg_catalog.pg_namespace'::pg_catalog.regclass,
                            'pg_catalog.pg_largeobject'::pg_catalog.regclass)
         ORDER BY classoid, objoid, objsubid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            subid: cells.get()?,
            text: cells.text()?,
        })
    }
}
