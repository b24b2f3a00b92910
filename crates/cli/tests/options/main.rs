//! Every option of pg_dump against stock given the same option: same entries, same order, same data; or the same refusal.

mod against;
mod content;
mod filter;
mod inserts;
mod kinds;
mod patterns;
mod running;
#[path = "../support/mod.rs"]
mod support;
