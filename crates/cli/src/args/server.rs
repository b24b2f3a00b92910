//! Options of a dump of a whole server, or of what belongs to no database of it.

use std::ffi::OsString;

use anyhow::bail;
use clap::Args;
use pgdumprs::ServerDump;

use crate::names::bytes;

/// Options that are about one database, and so about none of its server's globals.
const OF_ONE_DATABASE: [&str; 33] = [
    "data_only",
    "schema_only",
    "statistics_only",
    "no_data",
    "no_schema",
    "no_statistics",
    "statistics",
    "sequence_data",
    "section",
    "tables",
    "exclude_tables",
    "tables_and_children",
    "exclude_tables_and_children",
    "exclude_table_data",
    "exclude_table_data_and_children",
    "schemas",
    "exclude_schemas",
    "extensions",
    "exclude_extensions",
    "conditions",
    "not_valid_foreign_keys",
    "foreign_servers",
    "filters",
    "strict_names",
    "compress",
    "jobs",
    "created",
    "report",
    "inserts",
    "column_inserts",
    "rows_per_insert",
    "create",
    "disable_triggers",
];

#[derive(Debug, Args)]
#[command(next_help_heading = "Whole servers")]
pub(crate) struct ServerDumpArgs {
    /// Dump all databases of the server, and what belongs to none of them, into the folder that -f names
    ///
    /// The folder is made, or is there and empty, or what a dump that was killed has left; it may also be one of a store, such as s3://bucket/night/. It gets an archive for each database, globals.sql, which --globals-only tells of, and at last
    /// manifest.json, with the sizes and SHA-256 sums of them all: without that it is no whole dump. Databases are dumped several at a time,
    /// over as many connections together as -j says. One that cannot be dumped does not stop the others; the exit status is 1 then, and
    /// incomplete.json is there in place of the manifest. Without -d it connects to the database postgres, or template1, to find the others.
    #[arg(long, conflicts_with_all = ["globals_only", "snapshot"])]
    pub(crate) all: bool,

    /// With --all, dump only databases that match; may be given several times
    #[arg(long = "include-database", value_name = "PATTERN")]
    include: Vec<OsString>,

    /// With --all, leave out databases that match; may be given several times
    #[arg(long = "exclude-database", value_name = "PATTERN")]
    exclude: Vec<OsString>,

    /// Dump what belongs to no database, as SQL for psql: roles, their memberships and settings, tablespaces, privileges on parameters
    ///
    /// As pg_dumpall -g does. Without -d it connects to the database postgres, or template1. Not everybody may read passwords: see
    /// --no-role-passwords. Options that are about one database cannot be used with it.
    #[arg(long, conflicts_with_all = OF_ONE_DATABASE)]
    pub(crate) globals_only: bool,

    /// Do not dump passwords of roles, so that no superuser is needed
    #[arg(long)]
    no_role_passwords: bool,
}

impl ServerDumpArgs {
    /// Checks that the options go together.
    pub(crate) fn check(&self) -> anyhow::Result<()> {
        if self.no_role_passwords && !self.globals_only && !self.all {
            bail!("option --no-role-passwords requires option --all or --globals-only");
        }
        for (patterns, option) in [
            (&self.include, "--include-database"),
            (&self.exclude, "--exclude-database"),
        ] {
            if !patterns.is_empty() && !self.all {
                bail!("option {option} requires option --all");
            }
        }
        Ok(())
    }

    /// Tells `dump` what was asked for.
    pub(crate) fn apply(&self, dump: ServerDump) -> ServerDump {
        let dump = dump.role_passwords(!self.no_role_passwords);
        let include = self.include.iter().map(|pattern| bytes(pattern));
        let dump = include.fold(dump, |dump, pattern| dump.include_database(pattern));
        let exclude = self.exclude.iter().map(|pattern| bytes(pattern));
        exclude.fold(dump, |dump, pattern| dump.exclude_database(pattern))
    }
}
