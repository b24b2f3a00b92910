//! Roles (`pg_authid`, `pg_roles`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::{Error, Oid};

/// A role, with what it may do anywhere.
#[derive(Debug, Clone)]
pub struct Role {
    /// OID in `pg_authid`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// Whether it may do everything.
    pub is_superuser: bool,
    /// Whether it has what roles may that it is a member of, without `SET ROLE`.
    pub inherits: bool,
    /// Whether it may create roles.
    pub creates_roles: bool,
    /// Whether it may create databases.
    pub creates_databases: bool,
    /// Whether sessions may begin as it.
    pub may_log_in: bool,
    /// Whether it may replicate.
    pub replicates: bool,
    /// Whether row security is not for it.
    pub bypasses_row_security: bool,
    /// How many sessions it may have at once; -1 for any number.
    pub connection_limit: i32,
    /// What the server keeps of its password, where it has one and that was asked for.
    pub password: Option<BString>,
    /// Until when the password is good.
    pub valid_until: Option<BString>,
    /// The comment on it.
    pub comment: Option<BString>,
}

/// Asks for all roles but those that every server has, in `authid`: the catalog, or its view for everybody.
pub(super) fn query(authid: &str) -> String {
    let password = if authid == "pg_authid" {
        "rolpassword"
    } else {
        "NULL"
    };
    format!(
        "SELECT oid, rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls,
                rolconnlimit, {password}, rolvaliduntil, pg_catalog.shobj_description(oid, 'pg_authid')
         FROM pg_catalog.{authid}
         WHERE rolname !~ '^pg_'
         ORDER BY rolname"
    )
}

impl Role {
    pub(super) fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            is_superuser: cells.bool()?,
            inherits: cells.bool()?,
            creates_roles: cells.bool()?,
            creates_databases: cells.bool()?,
            may_log_in: cells.bool()?,
            replicates: cells.bool()?,
            bypasses_row_security: cells.bool()?,
            connection_limit: cells.get()?,
            password: cells.opt_text()?,
            valid_until: cells.opt_text()?,
            comment: cells.opt_text()?,
        })
    }
}
