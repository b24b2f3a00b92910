//! Text search dictionaries (`pg_ts_dict`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid, QualifiedName};

/// A text search dictionary.
#[derive(Debug, Clone)]
pub struct TsDictionary {
    /// OID in `pg_ts_dict`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
}

impl Listed for TsDictionary {
    const WHAT: &'static str = "text search dictionaries";

    fn query(_version: u32) -> String {
        "SELECT oid, dictname, dictnamespace, dictowner FROM pg_catalog.pg_ts_dict".into()
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

/// What a text search dictionary is made of.
#[derive(Debug, Clone)]
pub struct TsDictionaryDetails {
    /// OID in `pg_ts_dict`.
    pub oid: Oid,
    /// Its template.
    pub template: QualifiedName,
    /// Options for the template, as SQL.
    pub options: Option<BString>,
}

impl Detailed for TsDictionaryDetails {
    const WHAT: &'static str = "text search dictionaries";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT d.oid, n.nspname, t.tmplname, d.dictinitoption
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_ts_dict AS d ON d.oid = wanted.oid
                  JOIN pg_catalog.pg_ts_template AS t ON t.oid = d.dicttemplate
                  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.tmplnamespace",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            template: QualifiedName {
                namespace: cells.text()?,
                name: cells.text()?,
            },
            options: cells.opt_text()?,
        })
    }
}
