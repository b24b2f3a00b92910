//! Where our command lines are not those of stock's programs.

mod pg_dump;
mod pg_dumpall;
mod pg_restore;

use clap::{Arg, Command};

/// A program of PostgreSQL's, and where a command line of ours parts with its.
pub(crate) struct Stock {
    /// The program's name.
    pub(crate) name: &'static str,
    /// Options that it has not. Every other option is one of its own: `tests/reference.rs` compares.
    own: &'static [&'static str],
    /// Options that do not do the very same here, and why.
    differences: &'static [(&'static str, &'static str)],
    /// What else is not the same.
    pub(crate) other_differences: &'static [&'static str],
    /// Which tests compare.
    pub(crate) compared_by: &'static str,
}

impl Stock {
    /// The program that does what `command` does.
    pub(crate) fn of(command: &Command) -> &'static Self {
        match command.get_name() {
            "restore" => &pg_restore::PG_RESTORE,
            "pg_dumpall" => &pg_dumpall::PG_DUMPALL,
            _ => &pg_dump::PG_DUMP,
        }
    }

    /// Whether the program has no such option.
    pub(crate) fn lacks(&self, arg: &Arg) -> bool {
        arg.get_long().is_some_and(|name| self.own.contains(&name))
    }

    /// What is not the same of the option with that name; nothing where all is.
    pub(crate) fn difference(&self, name: &str) -> Option<&'static str> {
        let found = self.differences.iter().find(|(option, _)| *option == name);
        found.map(|(_, difference)| *difference)
    }
}
