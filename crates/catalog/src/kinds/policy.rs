//! Row security policies (`pg_policy`).

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::{Detailed, oid_list};
use crate::{Error, Oid};

/// A policy.
#[derive(Debug, Clone)]
pub struct Policy {
    /// OID in `pg_policy`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the table.
    pub table: Oid,
    /// The command it is for: `r` SELECT, `a` INSERT, `w` UPDATE, `d` DELETE, `*` all.
    pub command: u8,
    /// Whether it is PERMISSIVE rather than RESTRICTIVE.
    pub is_permissive: bool,
    /// The roles it is for, quoted by the server and separated by commas; `None` for PUBLIC.
    pub roles: Option<BString>,
    /// OID of a role it is for that does not exist.
    pub missing_role: Option<Oid>,
    /// The expression of USING.
    pub using: Option<BString>,
    /// The expression of WITH CHECK.
    pub check: Option<BString>,
}

impl Detailed for Policy {
    const WHAT: &'static str = "policies";

    /// Roles stay in the order in which the server finds them, as in pg_dump: to sort them would give another archive.
    fn query(_version: u32, oids: &[Oid]) -> String {
        format!(
            "SELECT p.oid, p.polname, p.polrelid, p.polcmd, p.polpermissive,
                    CASE WHEN p.polroles <> '{{0}}' THEN
                        (SELECT pg_catalog.string_agg(pg_catalog.quote_ident(r.rolname), ', ')
                           FROM pg_catalog.pg_roles AS r WHERE r.oid = ANY (p.polroles)) END,
                    (SELECT u.role FROM pg_catalog.unnest(p.polroles) AS u(role)
                      WHERE u.role <> 0 AND u.role NOT IN (SELECT r.oid FROM pg_catalog.pg_roles AS r) LIMIT 1),
                    pg_catalog.pg_get_expr(p.polqual, p.polrelid),
                    pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid)
             FROM {} AS wanted(oid) JOIN pg_catalog.pg_policy AS p ON p.polrelid = wanted.oid
             ORDER BY p.oid",
            oid_list(oids)
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            table: cells.oid()?,
            command: cells.char()?,
            is_permissive: cells.bool()?,
            roles: cells.opt_text()?,
            missing_role: cells.opt_oid()?,
            using: cells.opt_text()?,
            check: cells.opt_text()?,
        })
    }
}
