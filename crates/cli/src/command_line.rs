//! The command line: a dump, or a command and its options.

mod complaint;
mod spelling;
pub(crate) mod words;

use std::process::ExitCode;

use clap::{ArgAction, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::args::DumpArgs;
use crate::args::dumpall::DumpallArgs;
use crate::commands::{
    self, cat::CatArgs, clone::CloneArgs, diff::DiffArgs, drill::DrillArgs, list::ListArgs,
    prune::PruneArgs, restore::RestoreArgs, verify::VerifyArgs,
};
use crate::failure::Failure;
use crate::message::say;
use crate::output::print;
use crate::program::Program;
use crate::reference::Reference;

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
    override_usage = "pgdumprs [OPTION]... [DBNAME]\n       pgdumprs COMMAND [OPTION]...",
    // `pgdumprs list --version` says the program's name, and an option given again counts anew, as without a command.
    mut_subcommands(|command| command.display_name("pgdumprs").args_override_self(true)),
    subcommand_help_heading = "Commands (a database that has such a name is dumped with -d)",
    after_help = after_help(),
    after_long_help = WHERE_FROM
)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,

    #[command(flatten)]
    dump: DumpArgs,

    /// Print a man page or completions for a shell, and exit
    #[arg(long, value_name = "WHAT", help_heading = "General options")]
    generate: Option<Reference>,

    #[command(flatten)]
    about: About,
}

/// Where the database's name and the password come from.
const WHERE_FROM: &str = "Without a database name, the PGDATABASE environment variable says which database is dumped, or else \
                          the user's name does.\n\
                          Passwords come from the connection string, PGPASSWORD, the password file or your terminal.";

/// What `--help` of a dump ends with.
fn after_help() -> String {
    format!("{WHERE_FROM}\nMore on each option: pgdumprs --generate man | man -l -")
}

/// What a first argument can ask for.
#[derive(Debug, Subcommand)]
enum Command {
    /// Back up a database, which is also what happens without a command
    #[command(
        override_usage = "pgdumprs dump [OPTION]... [DBNAME]",
        after_help = after_help(),
        after_long_help = WHERE_FROM
    )]
    Dump(Box<Options<DumpArgs>>),

    /// Dump a whole server as a script, as pg_dumpall does
    #[command(
        name = "pg_dumpall",
        hide = true,
        override_usage = "pg_dumpall [OPTION]..."
    )]
    Dumpall(Box<Options<DumpallArgs>>),

    /// Restore an archive into a database, or make SQL of it, as pg_restore does
    #[command(
        override_usage = "pgdumprs restore [OPTION]... [FILE]",
        after_help = "Exit status: 0 where everything was restored or written, 1 where anything was not."
    )]
    Restore(Box<Options<RestoreArgs>>),

    /// Clone a database into another one, on the same server or another, without a file between them
    #[command(
        override_usage = "pgdumprs clone [OPTION]... --source DBNAME --target DBNAME\n       pgdumprs clone [OPTION]... SOURCE TARGET",
        after_help = "Exit status: 0 where everything was cloned, 1 where anything was not. PG* environment variables are the source's."
    )]
    Clone(Box<Options<CloneArgs>>),

    /// Prove an archive: restore it into a database of its own, compare that with it, and drop it
    #[command(
        override_usage = "pgdumprs drill [OPTION]... --on DBNAME FILE",
        after_help = "Exit status: 0 where everything holds and the database is gone again, 1 where anything does not."
    )]
    Drill(Box<Options<DrillArgs>>),

    /// Print what two archives differ in, or an archive and a database
    #[command(
        override_usage = "pgdumprs diff [OPTION]... A B",
        after_help = "Exit status: 0 where both are the same, 1 where they differ, 2 where they could not be compared."
    )]
    Diff(Box<Options<DiffArgs>>),

    /// Print what an archive holds, as pg_restore -l does
    #[command(
        override_usage = "pgdumprs list [OPTION]... FILE",
        after_help = "pg_restore -L takes what this prints."
    )]
    List(Options<ListArgs>),

    /// Remove old backups, but for those that rules keep
    #[command(
        override_usage = "pgdumprs prune [OPTION]... TEMPLATE --keep-daily NUM",
        after_help = "Rules are united, and the newest complete backup is always kept. Exit status: 0 where all others are gone, 1 where one is not."
    )]
    Prune(Options<PruneArgs>),

    /// Read all of an archive and say whether it is sound
    #[command(
        override_usage = "pgdumprs verify [OPTION]... FILE",
        after_help = "Exit status: 0 for a sound archive, 1 where it is damaged, with the first damage on standard error."
    )]
    Verify(Options<VerifyArgs>),

    /// Print the rows of a table in an archive
    #[command(
        override_usage = "pgdumprs cat [OPTION]... FILE TABLE",
        after_help = "The rows come as COPY … TO gives them and COPY … FROM takes them, without the \\. behind them in the archive. \
                      Where they were dumped as INSERT statements, these are printed."
    )]
    Cat(Options<CatArgs>),
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

    // One line for each option, as in pg_dump; man page and docs/cli.md have the rest.
    /// Show this help and exit
    #[arg(short = '?', long, action = ArgAction::HelpShort, help_heading = "General options")]
    help: Option<bool>,
}

impl CommandLine {
    /// Parses the process's arguments. Help and version are printed here, and so is one line about what is wrong.
    pub(crate) fn from_process() -> Result<Self, ExitCode> {
        let program = Program::called();
        let words = program.words();
        let named = words
            .get(1)
            .and_then(|word| word.to_str())
            .filter(|word| Command::has_subcommand(word))
            .map(str::to_owned);
        let refuse = |reason: String| {
            let command = match &named {
                Some(word) if program == Program::Pgdumprs => format!(" {word}"),
                _ => String::new(),
            };
            let program = program.name();
            say(format_args!(
                "error: {reason} (try \"{program}{command} --help\")"
            ));
            match named.as_deref() {
                Some("diff") => ExitCode::from(commands::diff::TROUBLE),
                _ => ExitCode::FAILURE,
            }
        };
        let mut command = program.rename(Self::command());
        let words = spelling::spell_out(&mut command, words).map_err(refuse)?;
        let first = spelling::first_argument(&words);
        let parsed = command
            .try_get_matches_from_mut(words)
            .and_then(|matches| Self::from_arg_matches(&matches));
        parsed.map_err(|error| {
            if !error.use_stderr() {
                return match print(|_| error.print()) {
                    Ok(()) => ExitCode::SUCCESS,
                    Err(error) => {
                        say(format_args!("error: {error:#}"));
                        ExitCode::FAILURE
                    }
                };
            }
            let named = named
                .as_deref()
                .and_then(|word| command.find_subcommand(word));
            let reason = match named {
                Some(named) => complaint::complaint(&error, named, None),
                None => complaint::complaint(&error, &command, first.as_deref()),
            };
            refuse(reason)
        })
    }

    /// Does what was asked for, and returns the exit status.
    pub(crate) fn run(self) -> Result<ExitCode, Failure> {
        if let Some(reference) = self.generate {
            print(|output| reference.write(Self::command(), output))?;
            return Ok(ExitCode::SUCCESS);
        }
        match self.command {
            None => commands::dump::run(self.dump)?,
            Some(Command::Dump(dump)) => commands::dump::run(dump.own)?,
            Some(Command::Dumpall(dumpall)) => commands::dumpall::run(&dumpall.own)?,
            Some(Command::Restore(restore)) => commands::restore::run(&restore.own)?,
            Some(Command::Clone(clone)) => commands::clone::run(&clone.own)?,
            Some(Command::Drill(drill)) => commands::drill::run(&drill.own)?,
            Some(Command::Diff(diff)) => {
                let status = commands::diff::run(&diff.own);
                return status.map_err(|error| {
                    Failure::from(error).with_status(commands::diff::TROUBLE.into())
                });
            }
            Some(Command::Prune(prune)) => commands::prune::run(&prune.own)?,
            Some(Command::List(list)) => commands::list::run(&list.own)?,
            Some(Command::Verify(verify)) => commands::verify::run(&verify.own)?,
            Some(Command::Cat(cat)) => commands::cat::run(cat.own)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}
