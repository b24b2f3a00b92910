//! Options that say what is made on the target, and where that is.

use std::ffi::OsString;

use anyhow::bail;
use clap::{Args, ValueHint};
use pgdumprs::script::Options;
use pgdumprs::{ConnectParams, DatabaseClone};

use crate::message::say;
use crate::names::bytes;
use crate::password;

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of the target")]
pub(super) struct TargetArgs {
    /// Database to clone into: a name, a connection URI or key=value pairs
    ///
    /// What it leaves open comes from its service (service=…) and the password file, and from no PG* variable: those are the source's. With
    /// --create, it is a database of the server to be connected to while the new one is made.
    #[arg(long, value_name = "DBNAME", value_hint = ValueHint::Other)]
    target: Option<String>,

    /// Change to this role on the target after connecting
    #[arg(long, value_name = "ROLE")]
    target_role: Option<OsString>,

    /// Drop objects on the target before they are made
    #[arg(short, long)]
    clean: bool,

    /// Drop only what exists; requires --clean
    #[arg(long)]
    if_exists: bool,

    /// Create the database on the target as well, called as the source is, with its settings
    #[arg(short = 'C', long)]
    create: bool,

    /// Do not set owners: what is made belongs to the role that makes it
    #[arg(short = 'O', long)]
    no_owner: bool,

    /// Disable triggers while rows alone are loaded
    #[arg(long)]
    disable_triggers: bool,

    /// Superuser that disables triggers
    #[arg(short = 'S', long, value_name = "NAME")]
    superuser: Option<OsString>,

    /// Do not set table access methods
    #[arg(long)]
    no_table_access_method: bool,

    /// Set owners by SET SESSION AUTHORIZATION rather than ALTER … OWNER
    #[arg(long)]
    use_set_session_authorization: bool,
}

impl TargetArgs {
    /// The database's name, where the option gives it.
    pub(super) fn name(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub(super) fn creates(&self) -> bool {
        self.create
    }

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

    /// What the target is told of objects.
    pub(super) fn options(&self, single_transaction: bool) -> Options {
        Options {
            clean: self.clean,
            if_exists: self.if_exists,
            create: self.create,
            no_owner: self.no_owner,
            disable_triggers: self.disable_triggers,
            superuser: self.superuser.as_deref().map(bytes),
            no_table_access_method: self.no_table_access_method,
            use_set_session_authorization: self.use_set_session_authorization,
            role: self.target_role.as_deref().map(bytes),
            single_transaction,
            ..Options::default()
        }
    }
}

/// Connection parameters of a target. `asks` says whether a password may be asked for.
pub(super) fn params(target: &str, asks: bool) -> anyhow::Result<ConnectParams> {
    let mut params = DatabaseClone::resolve_target(ConnectParams::from_dbname(target)?)?;
    if asks {
        params.ask_password(|request| {
            if let Some(note) = &request.note {
                say(format_args!("warning: {note}"));
            }
            password::ask_meanwhile(&request.target.user)
        });
    }
    Ok(params)
}
