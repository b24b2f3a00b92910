//! How the catalogs are asked: many queries in one flight, the order of their rows, and the cells of their answers.

pub(crate) mod cells;
pub(crate) mod flight;
pub(crate) mod scan;
