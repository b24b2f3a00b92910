//! Schemas (`pg_namespace`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// A schema. System schemas are listed too: every object links to the schema it stands in.
#[derive(Debug, Clone)]
pub struct Namespace {
    /// OID in `pg_namespace`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// Privileges on the schema.
    pub acl: Acl,
}

impl Listed for Namespace {
    const WHAT: &'static str = "schemas";

    fn query(_version: u32) -> String {
        "SELECT oid, nspname, nspowner, nspacl, pg_catalog.acldefault('n', nspowner)
         FROM pg_catalog.pg_namespace
         ORDER BY oid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            acl: Acl::decode(cells)?,
        })
    }
}
