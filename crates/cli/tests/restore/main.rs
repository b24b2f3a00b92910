//! `pgdumprs restore` beside stock's pg_restore: the same refusals, the same scripts, the same lists.

mod database;
#[path = "../support/line_end.rs"]
mod line_end;
mod names;
mod refusals;
mod report;
mod resume;
mod same_database;
#[path = "../support/mod.rs"]
mod support;
#[path = "../connection/terminal.rs"]
#[expect(dead_code, reason = "only tests of passwords do without a terminal")]
mod terminal;
mod text;
