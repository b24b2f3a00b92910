//! The `pgdumprs` command: backs up a PostgreSQL database into a custom-format archive, and looks into archives.

#![deny(clippy::print_stdout, clippy::print_stderr)]

mod args;
mod command_line;
mod commands;
mod message;
mod output;
mod password;
mod pg_dump;
mod progress;
mod reference;
mod report;
mod signal;
mod verbose;

use std::process::ExitCode;

use crate::command_line::CommandLine;
use crate::message::say;

fn main() -> ExitCode {
    let command_line = match CommandLine::from_process() {
        Ok(command_line) => command_line,
        Err(exit) => return exit,
    };
    match command_line.run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            say(format_args!("error: {}", line(&error)));
            let of_dump = error.downcast_ref::<pgdumprs::Error>();
            if let Some(hint) = of_dump.and_then(pgdumprs::Error::hint) {
                say(format_args!("hint: {hint}"));
            }
            signal::exit_code(&error)
        }
    }
}

/// One line: what failed, and what the server or the system said about it. Some errors say themselves what their causes say.
fn line(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |line, cause| {
        let said = cause.to_string();
        match line.as_str() {
            "" => said,
            line if line.contains(&said) => line.to_owned(),
            line => format!("{line}: {said}"),
        }
    })
}
