//! The command line: a dump, or a command and its options.

use std::process::ExitCode;

use clap::{ArgAction, Parser, Subcommand};

use crate::args::DumpArgs;
use crate::commands;

/// Backs up a PostgreSQL database into an archive that pg_restore reads
#[derive(Debug, Parser)]
#[command(
    name = "pgdumprs",
    version,
    propagate_version = true,
    disable_help_flag = true,
    disable_version_flag = true,
    disable_help_subcommand = true,
    args_override_self = true,
    // A command is one as the first argument only: behind an option, the same word is the name of a database.
    args_conflicts_with_subcommands = true,
    infer_long_args = true,
    override_usage = "pgdumprs [OPTION]... [DBNAME]\n       pgdumprs COMMAND [OPTION]...",
    subcommand_help_heading = "Commands (a database that has such a name is dumped with -d)",
    after_help = AFTER_HELP
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    dump: DumpArgs,

    #[command(flatten)]
    about: About,
}

/// What `--help` of a dump ends with.
const AFTER_HELP: &str = "Without a database name, the PGDATABASE environment variable says which database is dumped, or else \
                          the user's name does.\n\
                          Passwords come from the connection string, PGPASSWORD or the password file.";

/// What a first argument can ask for.
#[derive(Debug, Subcommand)]
enum Command {
    /// Back up a database, which is also what happens without a command
    #[command(
        display_name = "pgdumprs",
        args_override_self = true,
        infer_long_args = true,
        override_usage = "pgdumprs dump [OPTION]... [DBNAME]",
        after_help = AFTER_HELP
    )]
    Dump(Box<Options<DumpArgs>>),
}

/// A command's options, with those that every command has.
#[derive(Debug, clap::Args)]
struct Options<A: clap::Args> {
    #[command(flatten)]
    own: A,

    #[command(flatten)]
    about: About,
}

/// What every command can say about itself.
#[derive(Debug, clap::Args)]
struct About {
    /// Print the version and exit
    #[arg(short = 'V', long, action = ArgAction::Version, help_heading = "General options")]
    version: Option<bool>,

    /// Show this help and exit
    #[arg(short = '?', long, action = ArgAction::Help, help_heading = "General options")]
    help: Option<bool>,
}

impl CommandLine {
    /// Parses the process's arguments. Help and version are printed here, and so is one line about what is wrong.
    pub(crate) fn from_process() -> Result<Self, ExitCode> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                // Nothing can be done about a standard output that does not take the help.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            let message = error.to_string();
            let line = message.lines().next().unwrap_or("invalid arguments");
            let line = line.strip_prefix("error: ").unwrap_or(line);
            eprintln!(
                "pgdumprs: error: {line} (try \"pgdumprs{} --help\")",
                named_command()
            );
            ExitCode::FAILURE
        })
    }

    /// Does what was asked for.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            None => commands::dump::run(self.dump),
            Some(Command::Dump(dump)) => commands::dump::run(dump.own),
        }
    }
}

/// The command that the process's first argument names, behind a space; nothing where it names none.
fn named_command() -> String {
    std::env::args_os()
        .nth(1)
        .and_then(|word| word.into_string().ok())
        .filter(|word| Command::has_subcommand(word))
        .map_or_else(String::new, |word| format!(" {word}"))
}
