//! The parts of an archive as they stand in the file: header, entries, chunks, and the primitives they are made of.

pub(crate) mod chunk;
pub(crate) mod entry;
pub(crate) mod file_name;
pub(crate) mod foreign;
pub(crate) mod header;
pub(crate) mod primitives;
pub(crate) mod toc;
pub(crate) mod version;
