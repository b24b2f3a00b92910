//! Transforms (`pg_transform`).

use bstr::BString;

use crate::kinds::data_type::type_names;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::{Error, Oid};

/// How values of a type go into and out of a procedural language.
#[derive(Debug, Clone)]
pub struct Transform {
    /// OID in `pg_transform`.
    pub oid: Oid,
    /// OID of the type.
    pub data_type: Oid,
    /// Name of the language, unquoted; `None` where there is no such language.
    pub language: Option<BString>,
    /// OID of the function for values that go into the language.
    pub from_sql: Option<Oid>,
    /// OID of the function for values that come out of it.
    pub to_sql: Option<Oid>,
}

impl Listed for Transform {
    const WHAT: &'static str = "transforms";

    fn query(_version: u32) -> String {
        "SELECT t.oid, t.trftype, l.lanname, t.trffromsql::pg_catalog.oid, t.trftosql::pg_catalog.oid
         FROM pg_catalog.pg_transform AS t LEFT JOIN pg_catalog.pg_language AS l ON l.oid = t.trflang
         ORDER BY t.trftype, t.trflang"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            data_type: cells.oid()?,
            language: cells.opt_text()?,
            from_sql: cells.opt_oid()?,
            to_sql: cells.opt_oid()?,
        })
    }
}

/// What a transform names, as SQL.
#[derive(Debug, Clone)]
pub struct TransformDetails {
    /// OID in `pg_transform`.
    pub oid: Oid,
    /// The type.
    pub type_name: BString,
    /// Types of the arguments of the function for values that go into the language.
    pub from_sql_arguments: Vec<BString>,
    /// Types of the arguments of the function for values that come out of it.
    pub to_sql_arguments: Vec<BString>,
}

impl Detailed for TransformDetails {
    const WHAT: &'static str = "transforms";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT t.oid, pg_catalog.format_type(t.trftype, NULL), {from_sql}, {to_sql}
             FROM {wanted} AS wanted(oid)
                  JOIN pg_catalog.pg_transform AS t ON t.oid = wanted.oid
                  LEFT JOIN pg_catalog.pg_proc AS fromsql ON fromsql.oid = t.trffromsql
                  LEFT JOIN pg_catalog.pg_proc AS tosql ON tosql.oid = t.trftosql",
            from_sql = type_names("fromsql.proargtypes"),
            to_sql = type_names("tosql.proargtypes"),
            wanted = oid_list(oids),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            type_name: cells.text()?,
            from_sql_arguments: cells.array()?,
            to_sql_arguments: cells.array()?,
        })
    }
}
