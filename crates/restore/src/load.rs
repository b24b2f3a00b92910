//! What is loaded: rows, statements in the place of rows, large objects.

pub(crate) mod archive;
pub(crate) mod copy_statement;
pub(crate) mod feed;
pub(crate) mod rows;
pub(crate) mod server;
pub(crate) mod shared;
pub(crate) mod statements;
