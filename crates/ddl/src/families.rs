//! What several kinds have in common that are dumped alike.

pub(crate) mod table_part;
pub(crate) mod type_system;
