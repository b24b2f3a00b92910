//! Default privileges (`pg_default_acl`): what objects that are yet to be made will have.

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// Default privileges of one role for one kind of object.
#[derive(Debug, Clone)]
pub struct DefaultAcl {
    /// OID in `pg_default_acl`.
    pub oid: Oid,
    /// OID of the role whose new objects get them.
    pub role: Oid,
    /// OID of the schema in which they apply; `None` for everywhere.
    pub namespace: Option<Oid>,
    /// Kind of object: `r` relations, `S` sequences, `f` functions, `T` types, `n` schemas, `L` large objects (since 18).
    pub objtype: u8,
    /// The privileges. Those for everywhere replace the built-in default and are compared with it; those for a schema are
    /// added to what applies everywhere, so that their default is nothing.
    pub acl: Acl,
}

impl Listed for DefaultAcl {
    const WHAT: &'static str = "default privileges";

    /// `acldefault` names sequences by another letter than this catalog does.
    fn query(_version: u32) -> String {
        "SELECT oid, defaclrole, defaclnamespace, defaclobjtype, defaclacl,
                CASE WHEN defaclnamespace = 0
                     THEN pg_catalog.acldefault(
                         CASE defaclobjtype WHEN 'S' THEN 's'::\"char\" ELSE defaclobjtype END, defaclrole)
                END
         FROM pg_catalog.pg_default_acl
         ORDER BY oid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            role: cells.oid()?,
            namespace: cells.opt_oid()?,
            objtype: cells.char()?,
            acl: Acl::decode(cells)?,
        })
    }
}
