//! Options of a dump of a whole server, or of what belongs to no database of it.

use anyhow::bail;
use clap::Args;
use pgdumprs::ServerDump;

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
    /// Dump what belongs to no database, as SQL for psql: roles, their memberships and settings, tablespaces, privileges on parameters
    ///
    /// As pg_dumpall -g does. Without -d it connects to the database postgres, or template1. Only superusers may read passwords: see
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
        if self.no_role_passwords && !self.globals_only {
            bail!("option --no-role-passwords requires option --globals-only");
        }
        Ok(())
    }

    /// Tells `dump` what was asked for.
    pub(crate) fn apply(&self, dump: ServerDump) -> ServerDump {
        dump.role_passwords(!self.no_role_passwords)
    }
}
