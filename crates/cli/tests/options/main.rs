//! Every option of pg_dump against stock given the same option: same entries, same order, same data; or the same refusal.

mod against;
mod combined;
mod content;
mod coverage;
mod filter;
mod inserts;
mod kinds;
#[path = "../support/line_end.rs"]
mod line_end;
mod meant;
mod patterns;
mod plain;
mod plain_widely;
mod refusals;
mod running;
#[path = "../support/stock_options.rs"]
mod stock_options;
#[path = "../support/mod.rs"]
mod support;
