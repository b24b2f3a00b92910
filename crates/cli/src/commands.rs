//! What the command line can ask for, one file each.

pub(crate) mod dump;
