//! Privileges on configuration parameters (`pg_parameter_acl`), since 15.

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Acl, Error};

/// Who may set a configuration parameter that only superusers may set otherwise.
#[derive(Debug, Clone)]
pub struct ParameterAcl {
    /// Name of the parameter.
    pub name: BString,
    /// Name of the role that counts as its owner: the superuser that the server was made with.
    pub owner: BString,
    /// The privileges.
    pub acl: Acl,
}

impl Listed for ParameterAcl {
    const WHAT: &'static str = "privileges on configuration parameters";

    fn query(_version: u32) -> String {
        "SELECT parname, pg_catalog.pg_get_userbyid(10), paracl, pg_catalog.acldefault('p', 10)
         FROM pg_catalog.pg_parameter_acl
         ORDER BY 1"
            .into()
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            name: cells.text()?,
            owner: cells.text()?,
            acl: Acl::decode(cells)?,
        })
    }
}
