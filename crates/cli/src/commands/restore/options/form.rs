//! Options that say how what is restored is made.

use std::ffi::OsString;

use anyhow::bail;
use clap::Args;
use pgdumprs::script::Options;

use crate::names::bytes;

#[derive(Debug, Args)]
#[command(next_help_heading = "How it is restored")]
pub(super) struct FormArgs {
    /// Drop objects before they are created
    #[arg(short, long)]
    pub(super) clean: bool,

    /// Drop only what exists; requires --clean
    #[arg(long)]
    pub(super) if_exists: bool,

    /// Create the database as well
    ///
    /// It has the name that it had where it was dumped, and its settings. With --clean, it is dropped before.
    #[arg(short = 'C', long)]
    pub(super) create: bool,

    /// Disable triggers while data alone is restored
    #[arg(long)]
    pub(super) disable_triggers: bool,

    /// Superuser that disables triggers
    #[arg(short = 'S', long, value_name = "NAME")]
    pub(super) superuser: Option<OsString>,

    /// Load data with row security switched on
    ///
    /// Otherwise loading fails where row security would hide rows from the role that restores.
    #[arg(long)]
    pub(super) enable_row_security: bool,

    /// Set owners by SET SESSION AUTHORIZATION rather than ALTER … OWNER
    #[arg(long)]
    pub(super) use_set_session_authorization: bool,

    /// Restrict psql by this key, of letters and digits, rather than by a random one
    ///
    /// A script begins with \restrict and ends with \unrestrict, between which psql takes no commands of its own from what was dumped. With a
    /// key that is known, equal archives make equal scripts.
    #[arg(long, value_name = "KEY")]
    pub(super) restrict_key: Option<String>,

    /// Once asked for connections to be kept
    #[arg(short = 'R', long, hide = true)]
    no_reconnect: bool,
}

impl FormArgs {
    /// Checks that the options go together. `data_only` says whether nothing but data is restored.
    pub(super) fn check(&self, data_only: bool) -> anyhow::Result<()> {
        if self.clean && data_only {
            bail!("options -c/--clean and -a/--data-only cannot be used together");
        }
        Ok(())
    }

    /// Adds what was asked for.
    pub(super) fn apply(&self, options: &mut Options) {
        options.clean = self.clean;
        options.if_exists = self.if_exists;
        options.create = self.create;
        options.disable_triggers = self.disable_triggers;
        options.superuser = self.superuser.as_deref().map(bytes);
        options.enable_row_security = self.enable_row_security;
        options.use_set_session_authorization = self.use_set_session_authorization;
    }
}
