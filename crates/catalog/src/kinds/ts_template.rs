//! Text search templates (`pg_ts_template`).

use bstr::BString;

use crate::kinds::data_type::decode_reference;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// A text search template.
#[derive(Debug, Clone)]
pub struct TsTemplate {
    /// OID in `pg_ts_template`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
}

impl Listed for TsTemplate {
    const WHAT: &'static str = "text search templates";

    fn query(_version: u32) -> String {
        "SELECT oid, tmplname, tmplnamespace FROM pg_catalog.pg_ts_template".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
        })
    }
}

/// The functions of a text search template, as SQL.
#[derive(Debug, Clone)]
pub struct TsTemplateDetails {
    /// OID in `pg_ts_template`.
    pub oid: Oid,
    /// Sets a dictionary up.
    pub init: Option<BString>,
    /// Normalizes a token.
    pub lexize: BString,
}

impl Detailed for TsTemplateDetails {
    const WHAT: &'static str = "text search templates";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT t.oid, t.tmplinit, t.tmpllexize
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_ts_template AS t ON t.oid = wanted.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            init: decode_reference(cells)?,
            lexize: cells.text()?,
        })
    }
}
