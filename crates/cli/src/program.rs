//! The name that the program was called by: as `pg_dump`, `pg_dumpall` or `pg_restore`, a link or a copy, it is that program.

use std::ffi::{OsStr, OsString};
use std::path::Path;

use clap::Command;

/// The release of PostgreSQL whose programs these are. Whoever asks for the version compares it with the server's.
const RELEASE: &str = concat!(
    "(PostgreSQL) 19.0 (pgdumprs ",
    env!("CARGO_PKG_VERSION"),
    ")"
);

/// A program that this one can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Program {
    Pgdumprs,
    PgDump,
    PgDumpall,
    PgRestore,
}

impl Program {
    /// The one that this process was called as.
    pub(crate) fn called() -> Self {
        Self::named(std::env::args_os().next().as_deref())
    }

    fn named(called: Option<&OsStr>) -> Self {
        let name = called.and_then(|called| Path::new(called).file_stem());
        let Some(name) = name.and_then(OsStr::to_str) else {
            return Self::Pgdumprs;
        };
        [Self::PgDump, Self::PgDumpall, Self::PgRestore]
            .into_iter()
            .find(|program| is_same_file(name, program.name()))
            .unwrap_or(Self::Pgdumprs)
    }

    /// Its name, as messages begin with it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Pgdumprs => "pgdumprs",
            Self::PgDump => "pg_dump",
            Self::PgDumpall => "pg_dumpall",
            Self::PgRestore => "pg_restore",
        }
    }

    /// The command that it has by its name, where it has no commands.
    fn command(self) -> Option<&'static str> {
        match self {
            Self::Pgdumprs => None,
            Self::PgDump => Some("dump"),
            Self::PgDumpall => Some("pg_dumpall"),
            Self::PgRestore => Some("restore"),
        }
    }

    /// The words that it was called with, the program's name before them and a command behind that where one is meant.
    pub(crate) fn words(self) -> Vec<OsString> {
        let mut words: Vec<_> = std::env::args_os().collect();
        if let Some(command) = self.command() {
            words.insert(words.len().min(1), command.into());
        }
        words
    }

    /// `command` with the name and the version of the program that it is called as.
    pub(crate) fn rename(self, command: Command) -> Command {
        let Some(only) = self.command() else {
            return command;
        };
        let operand = match self {
            Self::PgDump => " [DBNAME]",
            Self::PgDumpall => "",
            _ => " [FILE]",
        };
        let usage = format!("{} [OPTION]...{operand}", self.name());
        command.mut_subcommand(only, |command| {
            command
                .display_name(self.name())
                .override_usage(usage)
                .version(RELEASE)
        })
    }
}

/// Whether two names are one file's. For Windows, the case of letters makes no difference.
fn is_same_file(one: &str, other: &str) -> bool {
    if cfg!(windows) {
        one.eq_ignore_ascii_case(other)
    } else {
        one == other
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_known_by_its_name_alone() {
        for (called, program) in [
            ("pg_dump", Program::PgDump),
            ("/usr/local/bin/pg_restore", Program::PgRestore),
            ("./pg_dump.exe", Program::PgDump),
            ("pg_dumpall", Program::PgDumpall),
            (
                "PG_DUMP.EXE",
                if cfg!(windows) {
                    Program::PgDump
                } else {
                    Program::Pgdumprs
                },
            ),
            ("pg_dumprs", Program::Pgdumprs),
            ("/pg_dump/pgdumprs", Program::Pgdumprs),
            ("", Program::Pgdumprs),
        ] {
            assert_eq!(
                Program::named(Some(OsStr::new(called))),
                program,
                "{called}"
            );
        }
        assert_eq!(Program::named(None), Program::Pgdumprs);
    }
}
