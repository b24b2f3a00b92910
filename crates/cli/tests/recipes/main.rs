//! The commands in the documents, as they stand there: the recipes in `docs/recipes`, block by block, with a stand-in for the store of
//! objects, the examples of the manual, the front page, and the page about archives; and the action that a recipe uses.

mod action;
mod archives;
mod cron;
mod from_host_to_host;
mod github_actions;
mod hosted_server;
mod kubernetes;
mod manual;
mod night;
mod object_storage;
mod readme;
mod restore_drill;
#[path = "../support/shell.rs"]
mod shell;
mod shop;
mod systemd;
mod whole_servers;
