//! The options of the program when it is called as pg_dumpall.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueHint};
use pgdumprs::{ConnectParams, Dump, ServerDump};

use crate::args::connection::ServerArgs;
use crate::args::content::ContentArgs;
use crate::args::filter;
use crate::args::form::FormArgs;
use crate::args::kinds::KindArgs;
use crate::args::output_file;
use crate::args::running::RunningArgs;
use crate::args::script::ScriptArgs;
use crate::args::telling::TellingArgs;
use crate::names::bytes;

#[derive(Debug, Args)]
pub(crate) struct DumpallArgs {
    /// Output file; without it, or for -, the script goes to standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath, value_parser = OsStringValueParser::new().map(PathBuf::from),
          help_heading = "General options")]
    file: Option<PathBuf>,

    #[command(flatten)]
    pub(crate) telling: TellingArgs,

    /// Dump only what belongs to no database
    #[arg(short, long, help_heading = "Content options")]
    globals_only: bool,

    /// Dump only roles
    #[arg(short, long, help_heading = "Content options")]
    roles_only: bool,

    /// Dump only tablespaces
    #[arg(short, long, help_heading = "Content options")]
    tablespaces_only: bool,

    /// Do not dump passwords of roles, so that no superuser is needed
    #[arg(long, help_heading = "Content options")]
    no_role_passwords: bool,

    /// Leave out databases that match
    #[arg(long, value_name = "PATTERN", help_heading = "Content options")]
    exclude_database: Vec<OsString>,

    /// Leave out databases by the rules in a file, or on standard input (-)
    #[arg(long = "filter", value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Content options")]
    filters: Vec<PathBuf>,

    #[command(flatten)]
    content: ContentArgs,

    #[command(flatten)]
    kinds: KindArgs,

    #[command(flatten)]
    form: FormArgs,

    #[command(flatten)]
    running: RunningArgs,

    #[command(flatten)]
    script: ScriptArgs,

    /// Server to dump: a connection URI or key=value pairs, of which the database does not count, and over which -h, -p and -U win
    #[arg(short, long, value_name = "CONNSTR", value_hint = ValueHint::Other, help_heading = "Connection options")]
    dbname: Option<String>,

    /// Database to read globals by, in place of postgres and template1
    #[arg(short = 'l', long, value_name = "DBNAME", value_hint = ValueHint::Other, help_heading = "Connection options")]
    database: Option<String>,

    #[command(flatten)]
    server: ServerArgs,

    /// Go on, with a warning, where the server is newer than PostgreSQL 19
    #[arg(long, help_heading = "General options")]
    allow_newer_server: bool,
}

impl DumpallArgs {
    /// The file to write; nothing for standard output.
    pub(crate) fn file(&self) -> Option<&Path> {
        output_file(self.file.as_deref())
    }

    /// Whether no database is dumped.
    pub(crate) fn only_globals(&self) -> bool {
        self.globals_only || self.roles_only || self.tablespaces_only
    }

    /// Connection parameters, with what services and the environment add. No database is named where no option names one.
    pub(crate) fn connection(&self) -> anyhow::Result<ConnectParams> {
        let mut params = self.server.params_over(self.dbname.as_deref())?;
        params.set_dbname(self.database.as_deref().unwrap_or_default());
        Ok(params)
    }

    /// Checks what depends on several options, and makes the dump that was asked for, as it is to be told of by `watched`.
    pub(crate) fn dump(
        &self,
        params: &ConnectParams,
        watched: impl FnOnce(Dump) -> Dump,
    ) -> anyhow::Result<ServerDump> {
        self.check()?;
        let dump = Dump::with_params(params.clone()).allow_newer_server(self.allow_newer_server);
        let dump = self.content.apply(dump, false)?;
        self.script.check(self.content.data_only())?;
        let dump = self.form.apply(dump, params, true)?;
        let key = self.form.restrict_key()?;
        let plain = self.script.plain(key, self.telling.verbosity());
        let dump = self.running.apply(self.kinds.apply(dump.plain(plain)));
        let mut dump = ServerDump::of(watched(dump)).role_passwords(!self.no_role_passwords);
        if self.roles_only {
            dump = dump.roles_only();
        }
        if self.tablespaces_only {
            dump = dump.tablespaces_only();
        }
        let excluded = self.exclude_database.iter().map(|pattern| bytes(pattern));
        let dump = excluded.fold(dump, |dump, pattern| dump.exclude_database(pattern));
        let mut filters = self.filters.iter();
        filters.try_fold(dump, |dump, file| {
            filter::read(file, |rules| dump.filter(rules))
        })
    }

    fn check(&self) -> anyhow::Result<()> {
        if self.only_globals() && !(self.exclude_database.is_empty() && self.filters.is_empty()) {
            let option = match self.filters.is_empty() {
                true => "--exclude-database",
                false => "--filter",
            };
            bail!(
                "option {option} cannot be used together with -g/--globals-only, -r/--roles-only, or -t/--tablespaces-only"
            );
        }
        crate::args::refuse_conflicts(&[
            (
                self.globals_only && self.roles_only,
                "-g/--globals-only",
                "-r/--roles-only",
            ),
            (
                self.globals_only && self.tablespaces_only,
                "-g/--globals-only",
                "-t/--tablespaces-only",
            ),
            (
                self.roles_only && self.tablespaces_only,
                "-r/--roles-only",
                "-t/--tablespaces-only",
            ),
        ])
    }
}
