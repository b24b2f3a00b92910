//! Options of pg_dump that say how a script restores. An archive holds what is needed either way, and pg_restore has the same
//! options, so that they change nothing there, as with pg_dump.

use std::ffi::OsString;

use anyhow::bail;
use clap::Args;
use pgdumprs::Plain;
use pgdumprs::script::RestrictKey;

use crate::names::bytes;
use crate::progress::Verbosity;

#[derive(Debug, Args)]
#[command(next_help_heading = "Restore options, for plain SQL: without effect on an archive")]
pub(super) struct ScriptArgs {
    /// Drop objects before they are created
    ///
    /// This option and the others of its group decide what a script (-Fp) does. An archive holds what is needed either way: give them to
    /// whatever restores it.
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
    superuser: Option<OsString>,

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

impl ScriptArgs {
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

    /// What a script is like.
    pub(super) fn plain(&self, restrict_key: Option<RestrictKey>, verbosity: Verbosity) -> Plain {
        let mut plain = Plain::default();
        let options = &mut plain.options;
        options.clean = self.clean;
        options.if_exists = self.if_exists;
        options.create = self.create;
        options.no_owner = self.no_owner;
        options.superuser = self.superuser.as_deref().map(bytes);
        options.disable_triggers = self.disable_triggers;
        options.no_table_access_method = self.no_table_access_method;
        options.use_set_session_authorization = self.use_set_session_authorization;
        plain.restrict_key = restrict_key;
        plain.verbose = verbosity == Verbosity::Verbose;
        plain
    }
}
