//! Comments (`pg_description`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Flight, Ticket};
use crate::{CatalogId, Error, Wanted};

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

impl Comment {
    /// Asks for comments. Those on what initdb made are many and not dumped unless somebody asks for a system schema, but for those
    /// on schemas: `public` and its like. Large objects get whatever OID their maker asks for.
    pub(crate) fn ask(flight: &mut Flight, wanted: &Wanted) -> Ticket<Self> {
        if !wanted.comments {
            return Ticket::empty();
        }
        let which = if wanted.builtin_comments {
            "true"
        } else {
            "objoid >= 16384
             OR classoid IN ('pg_catalog.pg_namespace'::pg_catalog.regclass,
                             'pg_catalog.pg_largeobject'::pg_catalog.regclass)"
        };
        let statement = format!(
            "SELECT classoid, objoid, objsubid, description
             FROM pg_catalog.pg_description
             WHERE {which}
             ORDER BY classoid, objoid, objsubid"
        );
        flight.push("comments", statement.into(), Self::decode)
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            subid: cells.get()?,
            text: cells.text()?,
        })
    }
}
