//! What is noted of objects of every kind: comments, security labels, and which extension they go with.

pub(crate) mod comment;
pub(crate) mod extension_dependency;
pub(crate) mod seclabel;
