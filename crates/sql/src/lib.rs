#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Names and strings as SQL: quoted where they must be, in the encoding that they are in.
//!
//! Names may be in any encoding, so all of it goes from bytes to bytes.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod encoding;
mod keywords;
mod quote;

pub use encoding::Encoding;
pub use quote::{backslash_literal, escape_literal, identifier, literal};
