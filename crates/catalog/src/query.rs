//! How the catalogs are asked: many queries in one flight, and the cells of their answers.

pub(crate) mod cells;
pub(crate) mod flight;
