//! The options of `pgdumprs restore`, which are pg_restore's.

mod adapt;
mod connection;
mod content;
mod form;
mod kinds;
mod running;
mod selection;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use pgdumprs::archive::Format;
use pgdumprs::script::{Options, RestrictKey};
use pgdumprs::{Adapt, ConnectParams, Plain, Restore, ServerRestore};

pub(crate) use adapt::AdaptArgs;
use connection::ConnectionArgs;
use content::ContentArgs;
use form::FormArgs;
use kinds::KindArgs;
use running::RunningArgs;
pub(crate) use running::size;
use selection::SelectionArgs;

use crate::args::encryption::IdentityArgs;
use crate::args::telling::{TellingArgs, reports};
use crate::names::bytes;
use crate::program::Program;
use crate::progress::Verbosity;

/// What a restore's report has.
const REPORT: &str = "\
Print a report for programs when the restore has ended, complete or not

It is a line of JSON on standard output: each statement that was refused, each table with its rows in the archive and those loaded, \
what was not reached, and why. With --plan, and where a restore is refused before it changes anything, it is the plan. docs/restore.md \
has its fields.";

/// Options that are about one archive and its target, and so not about the databases of a server; or that leave no place for making these.
const OF_ONE_ARCHIVE: [&str; 22] = [
    "file",
    "format",
    "list",
    "use_list",
    "filters",
    "tables",
    "indexes",
    "functions",
    "triggers",
    "schemas",
    "exclude_schemas",
    "section",
    "plan",
    "resume",
    "journal",
    "create",
    "clean",
    "restrict_key",
    "single_transaction",
    "data_only",
    "statistics_only",
    "no_schema",
];

#[derive(Debug, Args)]
#[command(mut_args(reports(REPORT)))]
pub(crate) struct RestoreArgs {
    /// Archive to restore from, also s3://, gs:// or az://; without it, or for -, standard input
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    archive: Option<PathBuf>,

    /// Write the SQL into this file, or for - to standard output
    ///
    /// The file gets its name when it is complete and safe on disk, as that of a dump does. With -v, comments say what entries depend on, in a
    /// list too.
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = OsStringValueParser::new().map(PathBuf::from),
          help_heading = "General options")]
    file: Option<PathBuf>,

    /// Format that the archive must have: c (custom), d (directory) or t (tar); any without it
    #[arg(
        short = 'F',
        long,
        value_name = "FORMAT",
        help_heading = "General options"
    )]
    format: Option<String>,

    /// Print what would be restored, as a list that -L takes
    #[arg(short, long, help_heading = "General options")]
    list: bool,

    /// Restore a whole server from the folder that dump --all has made, also s3://, gs:// or az://
    ///
    /// -d names the server. First, each file is compared with its sum in the manifest, or with its size where it is in a store. Roles, tablespaces and their like come before the databases,
    /// each of which is made: none may be there already, but for postgres and template1. What of the roles and tablespaces is there already is left as it
    /// is, with a warning where it differs.
    #[arg(long, requires = "dbname", conflicts_with_all = OF_ONE_ARCHIVE, help_heading = "General options")]
    all: bool,

    /// With --all, restore only databases that match; may be given several times
    #[arg(
        long = "include-database",
        value_name = "PATTERN",
        requires = "all",
        help_heading = "General options"
    )]
    include_databases: Vec<OsString>,

    /// With --all, leave out databases that match; may be given several times
    #[arg(
        long = "exclude-database",
        value_name = "PATTERN",
        requires = "all",
        help_heading = "General options"
    )]
    exclude_databases: Vec<OsString>,

    #[command(flatten)]
    pub(super) telling: TellingArgs,

    #[command(flatten)]
    content: ContentArgs,

    #[command(flatten)]
    selection: SelectionArgs,

    #[command(flatten)]
    kinds: KindArgs,

    #[command(flatten)]
    form: FormArgs,

    #[command(flatten)]
    pub(super) encryption: IdentityArgs,

    #[command(flatten)]
    adapt: AdaptArgs,

    #[command(flatten)]
    running: RunningArgs,

    #[command(flatten)]
    connection: ConnectionArgs,
}

impl RestoreArgs {
    /// Tells the restore of a whole server which databases it restores.
    pub(super) fn choose(&self, restore: ServerRestore) -> ServerRestore {
        let include = self.include_databases.iter().map(|pattern| bytes(pattern));
        let restore = include.fold(restore, |restore, pattern| {
            restore.include_database(pattern)
        });
        let exclude = self.exclude_databases.iter().map(|pattern| bytes(pattern));
        exclude.fold(restore, |restore, pattern| {
            restore.exclude_database(pattern)
        })
    }

    /// Whether a whole server is restored.
    pub(super) fn is_all(&self) -> bool {
        self.all
    }

    /// Checks that the options go together, in pg_restore's order.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        const DBNAME: &str = "-d/--dbname";
        let (has_database, key) = (self.connection.dbname.is_some(), &self.form.restrict_key);
        if !has_database && self.file.is_none() && !self.list {
            bail!("one of {DBNAME} and -f/--file must be specified");
        }
        if has_database && self.file.is_some() {
            bail!("options {DBNAME} and -f/--file cannot be used together");
        }
        if has_database && key.is_some() {
            bail!("options {DBNAME} and --restrict-key cannot be used together");
        }
        if key
            .as_deref()
            .is_some_and(|key| RestrictKey::new(key).is_err())
        {
            bail!("invalid restrict key");
        }
        if self.running.resume && !has_database {
            bail!("option --resume requires option {DBNAME}");
        }
        if self.running.journal.is_some() && !has_database {
            bail!("option --journal requires option {DBNAME}");
        }
        if self.running.analyze && !has_database {
            bail!("option --analyze requires option {DBNAME}");
        }
        if self.running.plan && !has_database {
            bail!("option --plan requires option {DBNAME}");
        }
        if let Some(option) = self.adapt.needs_server().filter(|_| !has_database) {
            bail!("option {option} requires option {DBNAME}");
        }
        self.adapt()?;
        self.telling.check(self.has_database())?;
        self.content.check()?;
        let making = &self.form.making;
        making.check_clean(self.content.data_only)?;
        self.running.check(making.creates())?;
        making.check_if_exists()?;
        self.format().map(drop)
    }

    /// The archive's file; standard input where none is named.
    pub(super) fn archive(&self) -> &Path {
        self.archive.as_deref().unwrap_or(Path::new("-"))
    }

    /// The format that the archive must have, where one was named.
    pub(super) fn format(&self) -> anyhow::Result<Option<Format>> {
        let Some(given) = self.format.as_deref().filter(|format| !format.is_empty()) else {
            return Ok(None);
        };
        Ok(Some(match given.to_ascii_lowercase().as_str() {
            "c" | "custom" => Format::Custom,
            "d" | "directory" => Format::Directory,
            "t" | "tar" => Format::Tar,
            "p" | "plain" => bail!(
                "a plain dump is a script, not an archive: psql -X -v ON_ERROR_STOP=1 -f FILE restores it"
            ),
            _ => bail!(
                "unrecognized archive format \"{given}\"; please specify \"c\", \"d\", or \"t\""
            ),
        }))
    }

    /// Whether the archive is restored into a database.
    pub(super) fn has_database(&self) -> bool {
        self.connection.dbname.is_some() && !self.list
    }

    /// Parameters of the connection, with what services and the environment add.
    pub(super) fn connection(&self) -> anyhow::Result<ConnectParams> {
        let dbname = self.connection.dbname.as_deref();
        self.connection
            .server
            .params(dbname.filter(|name| !name.is_empty()))
    }

    /// What may be restored otherwise than the archive has it.
    pub(super) fn adapt(&self) -> anyhow::Result<Adapt> {
        self.adapt.adapt()
    }

    /// Whether nothing is to be changed, but to be said what would become of it.
    pub(super) fn is_plan(&self) -> bool {
        self.running.plan
    }

    /// Tells `restore` how to run.
    pub(super) fn apply(&self, restore: Restore) -> anyhow::Result<Restore> {
        let regardless = self.running.regardless || Program::called() == Program::PgRestore;
        let memory = usize::try_from(u64::from(self.running.memory) << 20);
        let mut restore = restore
            .adapt(self.adapt()?)
            .regardless(regardless)
            .exit_on_error(self.running.exit_on_error)
            .no_data_for_failed_tables(self.running.no_data_for_failed_tables)
            .analyze(self.running.analyze)
            .keep_row_order(self.running.keep_row_order)
            .memory(memory.unwrap_or(usize::MAX));
        if let Some(format) = self.format()? {
            restore = restore.format(format);
        }
        if let Some(bytes) = self.running.maintenance_work_mem {
            restore = restore.maintenance_work_mem(bytes);
        }
        restore = match &self.running.journal {
            Some(path) => restore.journal(path),
            // Nobody expects that program to leave files.
            None if Program::called() == Program::PgRestore => restore,
            None => restore.journal_beside_archive(),
        };
        restore = restore.resume(self.running.resume);
        Ok(match self.running.jobs {
            Some(jobs) => restore.jobs(jobs as usize),
            // As many as pg_restore has by itself.
            None if Program::called() == Program::PgRestore => restore.jobs(1),
            None => restore,
        })
    }

    /// The file of the script; nothing for standard output.
    pub(super) fn output(&self) -> Option<&Path> {
        self.file.as_deref().filter(|file| *file != Path::new("-"))
    }

    /// Whether a list is wanted, and nothing restored.
    pub(super) fn is_list(&self) -> bool {
        self.list
    }

    /// Whether more is to be said of entries.
    pub(super) fn verbose(&self) -> bool {
        self.telling.verbosity() == Verbosity::Verbose
    }

    /// What is written, in a word.
    pub(super) fn product(&self) -> &'static str {
        if self.list { "list" } else { "script" }
    }

    /// What the script is like.
    pub(super) fn plain(&self, options: Options) -> anyhow::Result<Plain> {
        let key = self.form.restrict_key.as_deref();
        let mut plain = Plain::default();
        plain.options = options;
        plain.restrict_key = key.map(RestrictKey::new).transpose()?;
        plain.verbose = self.verbose();
        Ok(plain)
    }

    /// What of the archive is restored, and how. Reads the files that say so.
    pub(super) fn options(&self) -> anyhow::Result<Options> {
        let mut options = Options::default();
        self.content.apply(&mut options);
        self.kinds.apply(&mut options);
        self.form.apply(&mut options);
        self.running.apply(&mut options);
        options.role = self.connection.role.as_deref().map(bytes);
        self.selection.apply(options)
    }
}
