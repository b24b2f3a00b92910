//! The `pgdumprs` command: backs up a PostgreSQL database into a custom-format archive, and looks into archives.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod command_line;
mod commands;
mod failure;
mod message;
mod names;
mod output;
mod password;
mod program;
mod progress;
mod reference;
mod report;
mod signal;
mod standard_output;
mod standard_stream;
mod stock;
mod verbose;

use std::process::ExitCode;

use crate::command_line::CommandLine;

fn main() -> ExitCode {
    let command_line = match CommandLine::from_process() {
        Ok(command_line) => command_line,
        Err(exit) => return exit,
    };
    match command_line.run() {
        Ok(status) => status,
        Err(failure) => {
            failure.say();
            std::process::exit(failure.exit_status())
        }
    }
}
