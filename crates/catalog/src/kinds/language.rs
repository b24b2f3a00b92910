//! Procedural languages (`pg_language`), without the built-in ones that are none: internal, C and SQL.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error, Oid};

/// A procedural language.
#[derive(Debug, Clone)]
pub struct Language {
    /// OID in `pg_language`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// Whether every user may be given the right to use it.
    pub is_trusted: bool,
    /// OID of the function that calls functions in it.
    pub handler: Oid,
    /// OID of the function that runs anonymous blocks in it.
    pub inline: Option<Oid>,
    /// OID of the function that checks new functions in it.
    pub validator: Option<Oid>,
    /// Privileges on the language.
    pub acl: Acl,
}

impl Listed for Language {
    const WHAT: &'static str = "languages";

    fn query(_version: u32) -> String {
        "SELECT oid, lanname, lanowner, lanpltrusted, lanplcallfoid, laninline, lanvalidator, lanacl,
                pg_catalog.acldefault('l', lanowner)
         FROM pg_catalog.pg_language
         WHERE lanispl
         ORDER BY oid"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            is_trusted: cells.bool()?,
            handler: cells.oid()?,
            inline: cells.opt_oid()?,
            validator: cells.opt_oid()?,
            acl: Acl::decode(cells)?,
        })
    }
}
