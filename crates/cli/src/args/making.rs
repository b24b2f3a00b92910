//! Options that say how objects are made where they are restored: in a script, from an archive, or on a clone's target.

use std::ffi::OsString;

use anyhow::bail;
use clap::Args;
use pgdumprs::script::Options;

use crate::names::bytes;

/// They stand under the heading of the group that has them.
#[derive(Debug, Args)]
pub(crate) struct MakingArgs {
    /// Drop objects before they are created
    #[arg(short, long)]
    clean: bool,

    /// Drop only what exists; requires --clean
    #[arg(long)]
    if_exists: bool,

    /// Create the database as well
    ///
    /// It has the name and the settings of the one that was dumped or is cloned. With --clean, it is dropped before.
    #[arg(short = 'C', long)]
    create: bool,

    /// Disable triggers while data alone is restored
    #[arg(long)]
    disable_triggers: bool,

    /// Superuser that disables triggers
    #[arg(short = 'S', long, value_name = "NAME")]
    superuser: Option<OsString>,

    /// Set owners by SET SESSION AUTHORIZATION rather than ALTER … OWNER
    #[arg(long)]
    use_set_session_authorization: bool,
}

impl MakingArgs {
    /// Whether the database is created too.
    pub(crate) fn creates(&self) -> bool {
        self.create
    }

    /// Checks that objects are dropped only where they are made. `data_only` says whether nothing but data is restored.
    pub(crate) fn check_clean(&self, data_only: bool) -> anyhow::Result<()> {
        if self.clean && data_only {
            bail!("options -c/--clean and -a/--data-only cannot be used together");
        }
        Ok(())
    }

    /// Checks that there is something to be dropped.
    pub(crate) fn check_if_exists(&self) -> anyhow::Result<()> {
        if self.if_exists && !self.clean {
            bail!("option --if-exists requires option -c/--clean");
        }
        Ok(())
    }

    /// Adds what was asked for.
    pub(crate) fn apply(&self, options: &mut Options) {
        options.clean = self.clean;
        options.if_exists = self.if_exists;
        options.create = self.create;
        options.disable_triggers = self.disable_triggers;
        options.superuser = self.superuser.as_deref().map(bytes);
        options.use_set_session_authorization = self.use_set_session_authorization;
    }
}
