//! The recipes in `docs/recipes`, block by block, with a stand-in for the store of objects, and the examples of the manual.

mod cron;
mod kubernetes;
mod manual;
mod object_storage;
mod restore_drill;
#[path = "../support/shell.rs"]
mod shell;
mod shop;
