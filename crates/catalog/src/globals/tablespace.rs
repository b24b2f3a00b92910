//! Tablespaces (`pg_tablespace`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// A place for the files of tables.
#[derive(Debug, Clone)]
pub struct Tablespace {
    /// OID in `pg_tablespace`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// Whether every server has it: `pg_default`, `pg_global`.
    pub is_built_in: bool,
    /// Name of the owning role.
    pub owner: BString,
    /// Its folder on the server; relative where it is within the data directory.
    pub location: BString,
    /// Privileges on it.
    pub acl: Acl,
    /// Its options, as they stand in SQL, or nothing.
    pub options: Option<BString>,
    /// The comment on it.
    pub comment: Option<BString>,
}

impl Listed for Tablespace {
    const WHAT: &'static str = "tablespaces";

    fn query(_version: u32) -> String {
        "SELECT oid, spcname, spcname ~ '^pg_', pg_catalog.pg_get_userbyid(spcowner), pg_catalog.pg_tablespace_location(oid),
                spcacl, pg_catalog.acldefault('t', spcowner), pg_catalog.array_to_string(spcoptions, ', '),
                pg_catalog.shobj_description(oid, 'pg_tablespace')
         FROM pg_catalog.pg_tablespace
         ORDER BY 1"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            is_built_in: cells.bool()?,
            owner: cells.text()?,
            location: cells.text()?,
            acl: Acl::decode(cells)?,
            options: cells.opt_text()?,
            comment: cells.opt_text()?,
        })
    }
}
