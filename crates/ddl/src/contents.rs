//! The table of contents: its entries, which of them go into the archive, and those that every archive begins with.

pub(crate) mod required;
pub(crate) mod settings;
pub(crate) mod toc;
