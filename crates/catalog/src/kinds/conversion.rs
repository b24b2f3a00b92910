//! Encoding conversions (`pg_conversion`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// A conversion between two encodings.
#[derive(Debug, Clone)]
pub struct Conversion {
    /// OID in `pg_conversion`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
}

impl Listed for Conversion {
    const WHAT: &'static str = "conversions";

    fn query(_version: u32) -> String {
        "SELECT oid, conname, connamespace, conowner FROM pg_catalog.pg_conversion".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
        })
    }
}

/// What a conversion is made of.
#[derive(Debug, Clone)]
pub struct ConversionDetails {
    /// OID in `pg_conversion`.
    pub oid: Oid,
    /// Name of the encoding it reads.
    pub from: BString,
    /// Name of the encoding it writes.
    pub to: BString,
    /// The function that converts, as SQL.
    pub function: BString,
    /// Whether it is the default for its encodings.
    pub is_default: bool,
}

impl Detailed for ConversionDetails {
    const WHAT: &'static str = "conversions";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid, pg_catalog.pg_encoding_to_char(c.conforencoding),
                    pg_catalog.pg_encoding_to_char(c.contoencoding), c.conproc, c.condefault
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_conversion AS c ON c.oid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            from: cells.text()?,
            to: cells.text()?,
            function: cells.text()?,
            is_default: cells.bool()?,
        })
    }
}
