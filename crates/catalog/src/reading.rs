//! The two flights that read everything: the only files that know all kinds.

pub(crate) mod details;
pub(crate) mod listing;
pub(crate) mod post_data;
pub(crate) mod relations;
pub(crate) mod type_system;
pub(crate) mod wanted;
