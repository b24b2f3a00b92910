//! What queries answer: rows, and the values in their cells.

pub(crate) mod array;
pub(crate) mod decode;
pub(crate) mod rows;
