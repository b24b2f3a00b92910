//! Security labels of roles and tablespaces (`pg_shseclabel`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// A security label of something that belongs to the whole server.
#[derive(Debug, Clone)]
pub struct GlobalLabel {
    /// Whether it is a tablespace's, and not a role's.
    pub is_tablespace: bool,
    /// OID of the role or the tablespace.
    pub object: Oid,
    /// Name of the label provider, unquoted.
    pub provider: BString,
    /// The label.
    pub label: BString,
}

impl Listed for GlobalLabel {
    const WHAT: &'static str = "security labels of roles and tablespaces";

    /// By provider: pg_dumpall asks for the labels of one object after the other, and the server gives them as it finds them.
    fn query(_version: u32) -> String {
        "SELECT classoid = 'pg_catalog.pg_tablespace'::pg_catalog.regclass, objoid, provider, label
         FROM pg_catalog.pg_shseclabel
         WHERE classoid IN ('pg_catalog.pg_authid'::pg_catalog.regclass, 'pg_catalog.pg_tablespace'::pg_catalog.regclass)
         ORDER BY provider COLLATE pg_catalog.\"C\""
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            is_tablespace: cells.bool()?,
            object: cells.oid()?,
            provider: cells.text()?,
            label: cells.text()?,
        })
    }
}
