//! The options of a dump.

pub(crate) mod compression;
pub(crate) mod connection;
pub(crate) mod content;
pub(crate) mod dumpall;
pub(crate) mod encryption;
pub(crate) mod filter;
mod form;
pub(crate) mod keep;
pub(crate) mod kinds;
pub(crate) mod making;
mod named;
mod running;
mod script;
pub(crate) mod selection;
pub(crate) mod server;
pub(crate) mod telling;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use pgdumprs::{ArchiveVersion, ConnectParams, CreationTime, Dump};

use crate::args::compression::CompressionArgs;
use crate::args::connection::ConnectionArgs;
use crate::args::content::ContentArgs;
use crate::args::encryption::EncryptionArgs;
use crate::args::form::FormArgs;
use crate::args::keep::KeepArgs;
use crate::args::kinds::KindArgs;
use crate::args::running::RunningArgs;
use crate::args::script::ScriptArgs;
use crate::args::selection::SelectionArgs;
use crate::args::server::ServerDumpArgs;
use crate::args::telling::{TellingArgs, reports};
use crate::program::Program;

/// What a dump's report has.
const REPORT: &str = "\
Print a report for programs when the archive is complete

It is a line of JSON on standard output or, where the archive goes there, on standard error. Its fields are \"pgdumprs\" (our version), \
\"file\" (its name; null for standard output), \"database\", \"server_version\", \"snapshot\" with \"lsn\" and \"time\" (in UTC; null where the server does not tell), \"tries\" (how often the \
catalogs were read: more than once where the database changed meanwhile), \"entries\", \"tables\", \"rows\", \"large_objects\", \"raw_bytes\" \
(before compression), \"compressed_bytes\", \"archive_bytes\", \"seconds\", \"warnings\" (a list of texts) and \"table_data\": a list, in the \
archive's order, of objects with \"name\", \"rows\", \"raw_bytes\", \"compressed_bytes\" and \"seconds\"; \"chosen_rows\" has the tables of \
--where: \"name\", \"condition\", \"rows\" and \"estimated_total\" (by the server's statistics, or null). Fields may be added. A dump that \
fails has no report.";

#[derive(Debug, Args)]
#[command(mut_args(reports(REPORT)))]
pub(crate) struct DumpArgs {
    /// Database to dump: a name, a connection URI or key=value pairs
    #[arg(value_name = "DBNAME", value_hint = ValueHint::Other)]
    positional_dbname: Option<String>,

    /// Output file, or folder for -Fd; without it, or for -, the archive goes to standard output
    ///
    /// The archive is written beside the file, and gets its name when it is complete and safe on disk: until then, and where the dump
    /// fails, what had the name stays. Links are followed, and a file that is replaced keeps its owner and its permissions. A file that cannot
    /// be replaced, since it is mounted into a container or its folder cannot be written to, is written in place, as pg_dump writes, once there
    /// is data to write; -v says so. Pipes and devices are written to as they are.
    ///
    /// A folder (-Fd) is made, or is there and empty, or what a dump that was killed has left. Its table of contents, toc.dat, comes last, when all else is complete and safe on disk:
    /// without that it is no archive. Where the dump fails, the files are removed, and the folder if it was made.
    ///
    /// %Y, %m, %d, %H, %M, %S, %j (the day of the year), %F (%Y-%m-%d) and %T (%H:%M:%S) in the name stand for the local time of the start, and %% for a percent
    /// sign: shop-%F.dump. Folders that have parts of the time in their names are made. The options --keep-… remove older backups with such names. Where the program is called by the
    /// name pg_dump, names are taken as they are.
    ///
    /// s3://BUCKET/KEY, gs://BUCKET/KEY and az://CONTAINER/KEY are objects in stores: there when they are complete, and in the custom format.
    /// Credentials come from the environment, as docs/object-stores.md has it.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = OsStringValueParser::new().map(PathBuf::from),
          help_heading = "General options")]
    file: Option<PathBuf>,

    /// Output format: c (custom), the default, d (directory), t (tar), or p (plain), SQL for psql
    ///
    /// Custom is one compressed file. Directory is a folder with a file for each table and each large object. Tar is one file of
    /// these, which is not compressed, with a script of SQL beside them. The default is plain where the program is called by the name pg_dump.
    #[arg(short = 'F', long, value_name = "FORMAT", value_parser = parse_format, help_heading = "General options")]
    format: Option<Format>,

    /// Connections that read data at the same time, in every format; by default one for each CPU, and eight at most
    ///
    /// Large tables are divided among them, on servers since 14. The bytes of the archive do not depend on their number. A connection
    /// that cannot be had is warned of and done without. A standby whose release would do damage is read over one, with a warning,
    /// whatever was asked for.
    #[arg(
        short,
        long,
        value_name = "NUM",
        value_parser = clap::value_parser!(u16).range(1..),
        help_heading = "General options"
    )]
    jobs: Option<u16>,

    /// MiB of memory that data may take on its way, whatever the size of the database
    ///
    /// What one connection has read while another is still busy with an earlier part of the archive waits there, compressed. With less
    /// memory, fewer connections are opened.
    #[arg(
        long,
        value_name = "MIB",
        default_value_t = 256,
        value_parser = clap::value_parser!(u32).range(16..),
        help_heading = "General options"
    )]
    memory: u32,

    /// Time to write into the archive as that of its creation, such as 2026-11-21T12:00:00, so that equal databases make
    /// equal files
    #[arg(long, value_name = "TIME", value_parser = parse_created, help_heading = "General options")]
    created: Option<CreationTime>,

    /// Read the file back before it gets its name, as pgdumprs verify does, and compare it with what was dumped
    #[arg(long, help_heading = "General options")]
    verify: bool,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,

    #[command(flatten, next_help_heading = "General options")]
    compression: CompressionArgs,

    /// Archive version to write: 1.14, which every pg_restore since PostgreSQL 12 reads, 1.15 (16) or 1.16 (17);
    /// auto takes the lowest that can hold the compression
    #[arg(
        long,
        value_name = "VERSION",
        default_value = "auto",
        value_parser = parse_archive_version,
        help_heading = "General options"
    )]
    archive_version: AutoVersion,

    /// Go on, with a warning, where the server is newer than PostgreSQL 19
    ///
    /// It is dumped as if it were 19. What is new in it may be missing from the archive.
    #[arg(long, help_heading = "General options")]
    pub(crate) allow_newer_server: bool,

    #[command(flatten)]
    content: ContentArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    kinds: KindArgs,

    #[command(flatten)]
    form: FormArgs,

    #[command(flatten)]
    running: RunningArgs,

    #[command(flatten)]
    script: ScriptArgs,

    #[command(flatten)]
    pub(crate) encryption: EncryptionArgs,

    #[command(flatten)]
    pub(crate) server: ServerDumpArgs,

    #[command(flatten)]
    pub(crate) keep: KeepArgs,

    #[command(flatten)]
    connection: ConnectionArgs,
}

/// The file that is named to be written; nothing for standard output, which an empty name stands for in pg_dump too, and `-` in pg_restore and in
/// a pg_dump that writes a script.
fn output_file(named: Option<&Path>) -> Option<&Path> {
    named.filter(|file| !file.as_os_str().is_empty() && file.as_os_str() != "-")
}

impl DumpArgs {
    /// The file to write; nothing for standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        output_file(self.file.as_deref())
    }

    /// Whether a script is written rather than an archive.
    pub(crate) fn is_plain(&self) -> bool {
        self.format() == Format::Plain
    }

    /// Whether a folder is written.
    pub(crate) fn is_directory(&self) -> bool {
        self.format() == Format::Directory
    }

    fn format(&self) -> Format {
        match (self.format, Program::called()) {
            (None, _) if self.server.globals_only => Format::Plain,
            (None, _) if self.server.all => Format::Custom,
            (Some(format), _) => format,
            (None, Program::PgDump) => Format::Plain,
            (None, _) => Format::Custom,
        }
    }

    /// What is written, in a word.
    pub(crate) fn product(&self) -> &'static str {
        if self.is_plain() { "script" } else { "archive" }
    }

    /// The database as it is named without an option: a name, or a connection string that may hold a password.
    pub(crate) fn positional_dbname(&self) -> Option<&str> {
        self.positional_dbname.as_deref()
    }

    /// Connection parameters, with what services and the environment add.
    pub(crate) fn connection(&self) -> anyhow::Result<ConnectParams> {
        self.connection.params(self.positional_dbname.as_deref())
    }

    /// Checks what depends on several options, and tells `dump` what was asked for.
    pub(crate) fn apply(&self, mut dump: Dump, params: &ConnectParams) -> anyhow::Result<Dump> {
        self.server.check()?;
        if self.server.globals_only && !self.is_plain() {
            bail!(
                "option --globals-only writes SQL: it cannot be used with -F/--format but for plain"
            );
        }
        if self.server.all && self.format() != Format::Custom {
            bail!(
                "option --all writes archives in the custom format: it cannot be used with -F/--format but for that"
            );
        }
        let memory = usize::try_from(u64::from(self.memory) << 20).unwrap_or(usize::MAX);
        dump = dump.memory(memory).verify(self.verify);
        if let Some(compression) = self.compression.compression(self.telling.verbosity())? {
            dump = dump.compression(compression);
        }
        if let Some(jobs) = self.jobs {
            dump = dump.jobs(jobs.into());
        }
        if let Some(created) = self.created {
            dump = dump.created(created);
        }
        let dump = self.selection.apply(dump)?;
        let dump = self
            .content
            .apply(dump, self.selection.has_foreign_data())?;
        self.script.check(self.content.data_only())?;
        let format = self.format();
        let has_script = matches!(format, Format::Plain | Format::Tar);
        let mut dump = self.form.apply(dump, params, has_script)?;
        let key = self.form.restrict_key()?;
        let script = || self.script.plain(key, self.telling.verbosity());
        match format {
            Format::Custom => {}
            Format::Directory if self.file().is_none() => bail!(
                "option -F/--format=directory requires option -f/--file, which names the folder"
            ),
            Format::Directory => {}
            Format::Tar => dump = dump.tar(script()),
            Format::Plain => {
                self.check_plain()?;
                dump = dump.plain(script());
            }
        }
        if let Some(recipients) = self.encryption.recipients()? {
            dump = dump.encrypt_to(recipients);
        }
        Ok(self.running.apply(self.kinds.apply(dump)))
    }

    /// Checks that nothing was asked for that only an archive has.
    fn check_plain(&self) -> anyhow::Result<()> {
        let of_archives = [
            (self.verify, "--verify"),
            (self.archive_version.0.is_some(), "--archive-version"),
        ];
        for (is_given, option) in of_archives {
            if is_given {
                bail!("option {option} cannot be used with --format=plain");
            }
        }
        Ok(())
    }

    /// The archive version to write, where one was asked for.
    pub(crate) fn archive_version(&self) -> Option<ArchiveVersion> {
        self.archive_version.0
    }
}

/// An archive version; `None` stands for `auto`.
#[derive(Debug, Clone, Copy)]
struct AutoVersion(Option<ArchiveVersion>);

fn parse_archive_version(text: &str) -> anyhow::Result<AutoVersion> {
    if text == "auto" {
        return Ok(AutoVersion(None));
    }
    match text.parse() {
        Ok(version) if ArchiveVersion::is_writable(version) => Ok(AutoVersion(Some(version))),
        _ => bail!("versions are 1.14, 1.15, 1.16 and auto"),
    }
}

fn parse_created(text: &str) -> anyhow::Result<CreationTime> {
    let time: jiff::civil::DateTime = text
        .parse()
        .context("give a time such as 2026-11-21T12:00:00")?;
    Ok(CreationTime {
        second: time.second().into(),
        minute: time.minute().into(),
        hour: time.hour().into(),
        day: time.day().into(),
        month: i32::from(time.month()) - 1,
        year: i32::from(time.year()) - 1900,
        is_dst: 0,
    })
}

/// What is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Custom,
    Directory,
    Tar,
    Plain,
}

fn parse_format(text: &str) -> anyhow::Result<Format> {
    match text.to_ascii_lowercase().as_str() {
        "c" | "custom" => Ok(Format::Custom),
        "d" | "directory" => Ok(Format::Directory),
        "t" | "tar" => Ok(Format::Tar),
        "p" | "plain" => Ok(Format::Plain),
        _ => bail!("there is no such format: use -Fc, -Fd, -Ft or -Fp"),
    }
}

/// Fails for the first pair of options that clash, if one does.
pub(crate) fn refuse_conflicts(conflicts: &[(bool, &str, &str)]) -> anyhow::Result<()> {
    match conflicts.iter().find(|(clash, ..)| *clash) {
        Some((_, one, other)) => bail!("options {one} and {other} cannot be used together"),
        None => Ok(()),
    }
}
