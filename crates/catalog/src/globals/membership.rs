//! Which role is a member of which (`pg_auth_members`).

use bstr::BString;

use crate::Error;
use crate::query::cells::Cells;

/// A role's membership in another, as somebody granted it.
#[derive(Debug, Clone)]
pub struct Membership {
    /// Name of the role that has members; `None` where there is no such role any more.
    pub role: Option<BString>,
    /// Name of the member; `None` where there is no such role any more.
    pub member: Option<BString>,
    /// Name of the role that granted it; `None` where there is no such role any more.
    pub grantor: Option<BString>,
    /// Whether the grantor is the superuser that the server was made with.
    pub by_bootstrap: bool,
    /// Whether the member may grant it to others.
    pub admin: bool,
    /// Whether the member has what the role may, and whether it may `SET ROLE`. `None` before 16.
    pub options: Option<MembershipOptions>,
}

/// What a membership says of its use, since 16.
#[derive(Debug, Clone, Copy)]
pub struct MembershipOptions {
    /// Whether the member has what the role may.
    pub inherit: bool,
    /// Whether the member may `SET ROLE`.
    pub set: bool,
}

/// Asks for all memberships but those that every server has.
pub(super) fn query(version: u32, authid: &str) -> String {
    let options = match version {
        160000.. => "m.inherit_option, m.set_option",
        _ => "NULL, NULL",
    };
    format!(
        "SELECT role.rolname, member.rolname, grantor.rolname, m.grantor = 10, m.admin_option, {options}
         FROM pg_catalog.pg_auth_members AS m
              LEFT JOIN pg_catalog.{authid} AS role ON role.oid = m.roleid
              LEFT JOIN pg_catalog.{authid} AS member ON member.oid = m.member
              LEFT JOIN pg_catalog.{authid} AS grantor ON grantor.oid = m.grantor
         WHERE NOT (role.rolname ~ '^pg_' AND member.rolname ~ '^pg_')
         ORDER BY 1, 2, 3"
    )
}

impl Membership {
    pub(super) fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            role: cells.opt_text()?,
            member: cells.opt_text()?,
            grantor: cells.opt_text()?,
            by_bootstrap: cells.bool()?,
            admin: cells.bool()?,
            options: match (cells.get()?, cells.get()?) {
                (Some(inherit), Some(set)) => Some(MembershipOptions { inherit, set }),
                _ => None,
            },
        })
    }
}
