//! What a dump knows: its objects, the catalog rows they stand for, and the links between them.

pub(crate) mod components;
pub(crate) mod dump;
pub(crate) mod object;
pub(crate) mod relations;
pub(crate) mod restored_columns;
