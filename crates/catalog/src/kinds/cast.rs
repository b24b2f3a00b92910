//! Casts (`pg_cast`).

use bstr::BString;

use crate::kinds::data_type::type_names;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// A cast.
#[derive(Debug, Clone)]
pub struct Cast {
    /// OID in `pg_cast`.
    pub oid: Oid,
    /// OID of the type it casts from.
    pub source: Oid,
    /// OID of the type it casts to.
    pub target: Oid,
    /// OID of the function that it calls.
    pub function: Option<Oid>,
    /// When it applies: `e` where asked for, `a` also in assignments, `i` anywhere.
    pub context: u8,
    /// How it casts: `f` with the function, `b` by reading the same bytes, `i` through output and input.
    pub method: u8,
}

impl Listed for Cast {
    const WHAT: &'static str = "casts";

    // A range's cast to its multirange comes with the range.
    fn query(version: u32) -> String {
        let from_multirange = if version >= 140000 {
            "WHERE NOT EXISTS (SELECT 1 FROM pg_catalog.pg_range AS r
                               WHERE r.rngtypid = c.castsource AND r.rngmultitypid = c.casttarget)"
        } else {
            ""
        };
        format!(
            "SELECT c.oid, c.castsource, c.casttarget, c.castfunc, c.castcontext, c.castmethod
             FROM pg_catalog.pg_cast AS c {from_multirange}
             ORDER BY c.castsource, c.casttarget"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            source: cells.oid()?,
            target: cells.oid()?,
            function: cells.opt_oid()?,
            context: cells.char()?,
            method: cells.char()?,
        })
    }
}

/// What a cast names, as SQL.
#[derive(Debug, Clone)]
pub struct CastDetails {
    /// OID in `pg_cast`.
    pub oid: Oid,
    /// The type it casts from.
    pub source: BString,
    /// The type it casts to.
    pub target: BString,
    /// Types of the input arguments of the function that it calls.
    pub argument_types: Vec<BString>,
}

impl Detailed for CastDetails {
    const WHAT: &'static str = "casts";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid, pg_catalog.format_type(c.castsource, NULL), pg_catalog.format_type(c.casttarget, NULL),
                    {argument_types}
             FROM {wanted} AS wanted(oid)
                  JOIN pg_catalog.pg_cast AS c ON c.oid = wanted.oid
                  LEFT JOIN pg_catalog.pg_proc AS p ON p.oid = c.castfunc",
            argument_types = type_names("p.proargtypes"),
            wanted = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            source: cells.text()?,
            target: cells.text()?,
            argument_types: cells.array()?,
        })
    }
}
