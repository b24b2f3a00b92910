//! `pgdumprs restore` beside stock's pg_restore: the same refusals, the same scripts, the same lists.

mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod text;
