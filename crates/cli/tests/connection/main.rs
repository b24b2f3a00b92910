//! How the command comes to its connection: the environment, services, and passwords asked for on a terminal.

mod environment;
mod hint;
mod password;
mod secrets;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
