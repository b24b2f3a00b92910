//! Foreign servers (`pg_foreign_server`).

use bstr::BString;

use crate::kinds::foreign_data_wrapper::options_sql;
use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// A foreign server.
#[derive(Debug, Clone)]
pub struct ForeignServer {
    /// OID in `pg_foreign_server`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// Name of its foreign-data wrapper, unquoted; `None` where there is no such wrapper.
    pub wrapper: Option<BString>,
    /// Its type, whatever the wrapper means by it.
    pub server_type: Option<BString>,
    /// Its version, whatever the wrapper means by it.
    pub version: Option<BString>,
    /// The options, each `name 'value'` and on a line of its own.
    pub options: Option<BString>,
    /// Privileges on the server.
    pub acl: Acl,
}

impl Listed for ForeignServer {
    const WHAT: &'static str = "foreign servers";

    fn query(_version: u32) -> String {
        format!(
            "SELECT s.oid, s.srvname, s.srvowner, w.fdwname, s.srvtype, s.srvversion, {},
                    s.srvacl, pg_catalog.acldefault('S', s.srvowner)
             FROM pg_catalog.pg_foreign_server AS s
                  LEFT JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw
             ORDER BY s.oid",
            options_sql("s.srvoptions")
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            wrapper: cells.opt_text()?,
            server_type: cells.opt_text()?,
            version: cells.opt_text()?,
            options: cells.opt_text()?,
            acl: Acl::decode(cells)?,
        })
    }
}
