//! Looking into archives: `list`, `verify` and `cat` of what stock `pg_dump` of each major writes, and of our own.

#[path = "../support/mod.rs"]
mod support;

mod cat;
mod list;
mod others;
mod samples;
mod verify;
