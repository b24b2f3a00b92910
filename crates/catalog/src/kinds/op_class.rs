//! Operator classes (`pg_opclass`).

use bstr::BString;

use crate::kinds::data_type::{QualifiedName, decode_reference};
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, Listed, oid_list};
use crate::query::scan::scan;
use crate::{Error, Oid};

/// An operator class.
#[derive(Debug, Clone)]
pub struct OpClass {
    /// OID in `pg_opclass`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the schema.
    pub namespace: Oid,
    /// OID of the owning role.
    pub owner: Oid,
    /// Name of the access method, unquoted; `None` where there is no such method.
    pub access_method: Option<BString>,
}

impl Listed for OpClass {
    const WHAT: &'static str = "operator classes";

    fn query(_version: u32) -> String {
        format!(
            "SELECT c.oid, c.opcname, c.opcnamespace, c.opcowner, am.amname
             FROM {} AS c LEFT JOIN pg_catalog.pg_am AS am ON am.oid = c.opcmethod
             ORDER BY c.place",
            scan(
                "pg_opclass",
                "oid, opcname, opcnamespace, opcowner, opcmethod"
            )
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            namespace: cells.oid()?,
            owner: cells.oid()?,
            access_method: cells.opt_text()?,
        })
    }
}

/// What an operator class is made of, apart from its members.
#[derive(Debug, Clone)]
pub struct OpClassDetails {
    /// OID in `pg_opclass`.
    pub oid: Oid,
    /// The type it is for, as SQL.
    pub input_type: BString,
    /// The type that the index stores, as SQL, where that is another one.
    pub key_type: Option<BString>,
    /// Whether it is the default for its type.
    pub is_default: bool,
    /// The family it belongs to.
    pub family: Option<QualifiedName>,
}

impl Detailed for OpClassDetails {
    const WHAT: &'static str = "operator classes";

    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT c.oid, c.opcintype::pg_catalog.regtype, c.opckeytype::pg_catalog.regtype, c.opcdefault,
                    n.nspname, f.opfname
             FROM {} AS wanted(oid)
                  JOIN pg_catalog.pg_opclass AS c ON c.oid = wanted.oid
                  LEFT JOIN pg_catalog.pg_opfamily AS f ON f.oid = c.opcfamily
                  LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = f.opfnamespace",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            input_type: cells.text()?,
            key_type: decode_reference(cells)?,
            is_default: cells.bool()?,
            family: QualifiedName::decode(cells)?,
        })
    }
}
