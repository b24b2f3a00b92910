#![doc = include_str!("../README.md")]
//!
//! # Inside
//!
//! Turns a catalog model into the ordered entries of an archive. Pure: it never talks to a server.
//!
//! The reference is what pg_dump 19 writes; the stages are:
//!
//! 1. [`Dump::new`] makes an object of every row of the listing (`state`) and decides what of it is dumped (`selection`).
//! 2. The caller locks [`Dump::tables_to_lock`] and fetches [`Dump::wanted`].
//! 3. [`Dump::plan`] adds the objects that only details show, links dependencies and puts everything in order (`order`), and
//!    renders each object by the file of its kind into a table of contents (`contents`).
//!
//! What belongs to the whole server rather than to a database has a way of its own, [`GlobalsScript::render`], in `globals`.
//!
//! `kinds` has a file for each kind of object, with the same names as in `pgdumprs-catalog`. `dispatch` alone knows them all: they refer
//! to the state and the machinery, which know none of them.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

#[macro_use]
mod text;

mod annotations;
mod contents;
mod dispatch;
mod error;
mod families;
mod globals;
mod kinds;
mod options;
mod order;
mod privileges;
mod selection;
mod state;
#[cfg(test)]
mod testing;

pub use contents::toc::{DataJob, TableRows};
pub use dispatch::Plan;
pub use error::Error;
pub use globals::{GlobalsOptions, GlobalsScript};
pub use options::{Inserts, LargeObjectForm, Options, Sections};
pub use selection::row_choice::ChosenRows;
pub use state::components::Components;
pub use state::dump::Dump;
pub use state::object::{DumpId, Kind, LoopRole, Object, Tie};
pub use text::condition::{ConditionError, RowChoice};
pub use text::inserts::{InsertForm, InsertValue};
