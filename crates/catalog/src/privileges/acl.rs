//! Privileges as the catalogs hold them: lists of aclitems, of objects and of columns.

use bstr::BString;

use crate::privileges::acl_item::AclItem;
use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// The privileges of one object.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acl {
    /// What the catalog row holds; `None` (a NULL) means that the built-in default is in force.
    pub acl: Option<Vec<AclItem>>,
    /// What the server's `acldefault` function says for the object's type and owner.
    pub default: Vec<AclItem>,
}

impl Acl {
    /// Decodes two columns: the object's own ACL and the built-in default for its owner.
    pub(crate) fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            acl: cells.opt_acl()?,
            default: cells.opt_acl()?.unwrap_or_default(),
        })
    }
}

/// The privileges on one column, where they were ever granted or revoked.
#[derive(Debug, Clone)]
pub struct ColumnAcl {
    /// OID of the table.
    pub table: Oid,
    /// Name of the column, unquoted.
    pub column: BString,
    /// What the column has; `None` stands for nothing, which is what columns start with.
    pub acl: Option<Vec<AclItem>>,
    /// What initdb or the table's extension gave it, where they did.
    pub initial: Option<Vec<AclItem>>,
}

impl Listed for ColumnAcl {
    const WHAT: &'static str = "column privileges";

    /// System columns and columns of system catalogs are listed too: they can have privileges like any other.
    fn query(_version: u32) -> String {
        "SELECT a.attrelid, a.attname, a.attacl, i.initprivs
         FROM pg_catalog.pg_attribute AS a
              LEFT JOIN pg_catalog.pg_init_privs AS i
                  ON i.classoid = 'pg_catalog.pg_class'::pg_catalog.regclass
                 AND i.objoid = a.attrelid AND i.objsubid = a.attnum
         WHERE NOT a.attisdropped AND (a.attacl IS NOT NULL OR i.initprivs IS NOT NULL)
         ORDER BY a.attrelid, a.attnum"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            table: cells.oid()?,
            column: cells.text()?,
            acl: cells.opt_acl()?,
            initial: cells.opt_acl()?,
        })
    }
}
