//! What is asked for by name: patterns, and the objects that they match.

pub mod likeness;
pub(crate) mod matching;
pub(crate) mod meant;
pub(crate) mod pattern;
pub(crate) mod patterns;
pub(crate) mod scope;
