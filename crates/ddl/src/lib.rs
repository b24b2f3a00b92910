//! Turns a catalog model into the ordered entries of an archive. Pure: it never talks to a server.
//!
//! The reference is what pg_dump 18 writes; the stages are:
//!
//! 1. [`Dump::new`] makes an `object` of every row of the listing and decides what of it is dumped (`selection`).
//! 2. The caller locks [`Dump::tables_to_lock`] and fetches [`Dump::wanted`].
//! 3. [`Dump::plan`] adds the objects that only details show, links dependencies (`depend`), orders everything
//!    (`sort`) and renders each object by the file of its kind into a table of contents (`toc`).
//!
//! Files named after kinds of objects have the same names as those in `pgdumprs-catalog`.

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

#[macro_use]
mod sql;

mod access_method;
mod acl;
mod aggregate;
mod attrdef;
mod cast;
mod check_constraint;
mod collation;
mod column;
mod comment;
mod components;
mod constraint;
mod conversion;
mod data_type;
mod database;
mod default_acl;
mod depend;
mod descendants;
mod dollar_quote;
mod domain;
mod dump;
mod error;
mod event_trigger;
mod extension;
mod extension_dependency;
mod foreign_data_wrapper;
mod foreign_server;
mod function;
mod guc;
mod index;
mod index_attach;
mod inherit;
mod inserts;
mod keywords;
mod language;
mod large_object;
mod matview;
mod membership;
mod namespace;
mod object;
mod op_class;
mod op_family;
mod operator;
mod options;
mod policy;
mod publication;
mod readable;
mod relation_statistics;
mod relations;
mod reloptions;
mod required;
mod rule;
mod seclabel;
mod selection;
mod sequence;
mod settings;
mod sort;
mod statistics_ext;
mod subscription;
mod table;
mod table_attach;
mod table_comment;
mod table_data;
mod table_definition;
mod table_part;
#[cfg(test)]
mod testing;
mod toc;
mod transform;
mod trigger;
mod ts_config;
mod ts_dictionary;
mod ts_parser;
mod ts_template;
mod type_base;
mod type_composite;
mod type_enum;
mod type_range;
mod type_system;
mod user_mapping;
mod view;

pub use components::Components;
pub use dump::{Dump, Plan};
pub use error::Error;
pub use inserts::{InsertForm, InsertValue, Inserts};
pub use object::{DumpId, Kind, LoopRole, Object, Tie};
pub use options::{LargeObjectForm, Options, Sections};
pub use toc::DataJob;
