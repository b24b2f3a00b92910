//! Privileges that initdb or an extension's script gave (`pg_init_privs`): what a fresh installation has by itself.

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{AclItem, CatalogId, Error};

/// The initial privileges of one whole object. Those of columns are in [`crate::ColumnAcl`].
#[derive(Debug, Clone)]
pub(crate) struct InitPrivs {
    /// The object.
    pub(crate) object: CatalogId,
    /// Its privileges before anybody changed them.
    pub(crate) privileges: Vec<AclItem>,
}

impl Listed for InitPrivs {
    const WHAT: &'static str = "initial privileges";

    fn query(_version: u32) -> String {
        "SELECT classoid, objoid, initprivs FROM pg_catalog.pg_init_privs WHERE objsubid = 0".into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            object: cells.catalog_id()?,
            privileges: cells.opt_acl()?.unwrap_or_default(),
        })
    }
}
