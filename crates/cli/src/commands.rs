//! What the command line can ask for, one file each.

pub(crate) mod all;
mod archive;
pub(crate) mod cat;
mod chosen_rows;
pub(crate) mod clone;
pub(crate) mod diff;
pub(crate) mod drill;
pub(crate) mod dump;
pub(crate) mod dumpall;
pub(crate) mod globals;
pub(crate) mod list;
pub(crate) mod prune;
pub(crate) mod restore;
pub(crate) mod server_backup;
mod sizes;
pub(crate) mod verify;
