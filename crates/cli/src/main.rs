//! The `pgdumprs` command: backs up a PostgreSQL database into a custom-format archive, and looks into archives.

mod args;
mod command_line;
mod commands;
mod compression;
mod password;
mod pg_dump;
mod verbose;

use std::process::ExitCode;

use crate::command_line::CommandLine;

fn main() -> ExitCode {
    let command_line = match CommandLine::from_process() {
        Ok(command_line) => command_line,
        Err(exit) => return exit,
    };
    match command_line.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // One line: what failed, and what the server or the system said about it.
            eprintln!("pgdumprs: error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
