//! Every option of pg_dump against stock given the same option: same entries, same order, same data; or the same refusal.

mod against;
mod content;
mod patterns;
#[expect(dead_code, reason = "every test takes what it needs of it")]
#[path = "../support/mod.rs"]
mod support;
