//! User mappings (`pg_user_mapping`).

use std::fmt;

use bstr::BString;

use crate::kinds::foreign_data_wrapper::options_sql;
use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// How a role is known on a foreign server.
#[derive(Clone)]
pub struct UserMapping {
    /// OID of the foreign server.
    pub server: Oid,
    /// Name of the role, unquoted; `public` for all. `None` where there is no such role.
    pub role: Option<BString>,
    /// The options, each `name 'value'` and on a line of its own; often with a password among them. `None` where there are none
    /// or where the session's role may not see them.
    pub options: Option<BString>,
}

impl Detailed for UserMapping {
    const WHAT: &'static str = "user mappings";

    /// The view is open to everybody and hides what one may not see; the catalog itself is closed to most.
    fn query(_version: u32, servers: &[Oid]) -> String {
        format!(
            "SELECT m.srvid, m.usename, {options}
             FROM {wanted} AS wanted(oid) JOIN pg_catalog.pg_user_mappings AS m ON m.srvid = wanted.oid
             ORDER BY m.srvid, m.usename",
            options = options_sql("m.umoptions"),
            wanted = oid_list(servers),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            server: cells.oid()?,
            role: cells.opt_text()?,
            options: cells.opt_text()?,
        })
    }
}

impl fmt::Debug for UserMapping {
    /// Leaves the options out: they hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UserMapping")
            .field("server", &self.server)
            .field("role", &self.role)
            .finish_non_exhaustive()
    }
}
