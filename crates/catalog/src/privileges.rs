//! Privileges: of objects, and of the role that reads.

pub(crate) mod acl;
pub(crate) mod acl_item;
pub(crate) mod init_privs;
pub(crate) mod readable;
