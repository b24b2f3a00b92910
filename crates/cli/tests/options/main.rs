//! Every option of pg_dump against stock given the same option: same entries, same order, same data; or the same refusal.

mod against;
mod combined;
mod content;
mod coverage;
mod filter;
mod inserts;
mod kinds;
mod meant;
mod patterns;
#[path = "../support/pg_dump_options.rs"]
mod pg_dump_options;
mod refusals;
mod running;
#[path = "../support/mod.rs"]
mod support;
