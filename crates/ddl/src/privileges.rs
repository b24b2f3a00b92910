//! Privileges: those that are dumped, and those that a dump needs.

pub(crate) mod acl;
pub(crate) mod grant;
pub(crate) mod readable;
