//! Options of pg_dump that say how a script restores. An archive holds what is needed either way, and pg_restore has the same
//! options, so that they are taken here and change nothing, as by pg_dump.

use anyhow::bail;
use clap::Args;

#[derive(Debug, Args)]
#[command(next_help_heading = "Restore options, without effect on an archive")]
pub(super) struct RestoreArgs {
    /// Drop objects before they are created
    ///
    /// This option and the others of its group are accepted as by pg_dump, which writes them into scripts alone. An archive holds what is
    /// needed either way: give them to pg_restore.
    #[arg(short, long)]
    clean: bool,

    /// Drop only what exists; requires --clean
    #[arg(long)]
    if_exists: bool,

    /// Create the database as well
    #[arg(short = 'C', long)]
    create: bool,

    /// Do not restore owners
    #[arg(short = 'O', long)]
    no_owner: bool,

    /// Superuser that disables triggers
    #[arg(short = 'S', long, value_name = "NAME")]
    superuser: Option<String>,

    /// Disable triggers while data alone is restored
    #[arg(long)]
    disable_triggers: bool,

    /// Do not restore table access methods
    #[arg(long)]
    no_table_access_method: bool,

    /// Set owners by SET SESSION AUTHORIZATION rather than ALTER … OWNER
    #[arg(long)]
    use_set_session_authorization: bool,

    /// Once asked for connections to be kept
    #[arg(short = 'R', long, hide = true)]
    no_reconnect: bool,
}

impl RestoreArgs {
    /// Checks that the options go together.
    pub(super) fn check(&self, data_only: bool) -> anyhow::Result<()> {
        if data_only && self.clean {
            bail!("options -c/--clean and -a/--data-only cannot be used together");
        }
        if self.if_exists && !self.clean {
            bail!("option --if-exists requires option -c/--clean");
        }
        Ok(())
    }
}
