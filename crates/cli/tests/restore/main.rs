//! `pgdumprs restore` beside stock's pg_restore: the same refusals, the same scripts, the same lists.

mod database;
#[path = "../support/line_end.rs"]
mod line_end;
mod names;
mod refusals;
#[path = "../support/mod.rs"]
mod support;
mod text;
