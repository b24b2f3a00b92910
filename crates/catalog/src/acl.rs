//! Privileges as the catalogs hold them: lists of aclitem texts.

use bstr::BString;

use crate::Error;
use crate::cells::Cells;

/// The privileges of one object.
///
/// Each list holds aclitems in their text form, `grantee=privileges/grantor`, as the server's `aclitemout` prints them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Acl {
    /// What the catalog row holds; `None` (a NULL) means that the built-in default is in force.
    pub acl: Option<Vec<BString>>,
    /// What the server's `acldefault` function says for the object's type and owner.
    pub default: Vec<BString>,
}

impl Acl {
    /// Decodes two columns: the object's own ACL and the built-in default for its owner.
    pub(crate) fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self { acl: cells.opt_array()?, default: cells.array()? })
    }
}
