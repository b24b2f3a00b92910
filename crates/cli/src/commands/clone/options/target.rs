//! Options that say what is made on the target, and where that is.

use std::ffi::OsString;

use clap::{Args, ValueHint};
use pgdumprs::script::Options;
use pgdumprs::{ConnectParams, DatabaseClone};

use crate::args::making::MakingArgs;
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

    #[command(flatten)]
    making: MakingArgs,

    /// Do not set owners: what is made belongs to the role that makes it
    #[arg(short = 'O', long)]
    no_owner: bool,

    /// Do not set table access methods
    #[arg(long)]
    no_table_access_method: bool,
}

impl TargetArgs {
    /// The database's name, where the option gives it.
    pub(super) fn name(&self) -> Option<&str> {
        self.target.as_deref()
    }

    pub(super) fn creates(&self) -> bool {
        self.making.creates()
    }

    /// Checks that the options go together.
    pub(super) fn check(&self, data_only: bool) -> anyhow::Result<()> {
        self.making.check_clean(data_only)?;
        self.making.check_if_exists()
    }

    /// What the target is told of objects.
    pub(super) fn options(&self, single_transaction: bool) -> Options {
        let mut options = Options {
            no_owner: self.no_owner,
            no_table_access_method: self.no_table_access_method,
            role: self.target_role.as_deref().map(bytes),
            single_transaction,
            ..Options::default()
        };
        self.making.apply(&mut options);
        options
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
