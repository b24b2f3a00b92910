//! What comes before what: dependencies, and the order that they and the names make.

pub(crate) mod depend;
pub(crate) mod descendants;
pub(crate) mod sort;
