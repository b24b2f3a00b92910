//! Options that say into which database the archive is restored.

use std::ffi::OsString;

use clap::{Args, ValueHint};

use crate::args::connection::ServerArgs;

#[derive(Debug, Args)]
#[command(next_help_heading = "Connection options")]
pub(super) struct ConnectionArgs {
    /// Database to restore into: a name, a connection URI or key=value pairs
    #[arg(short, long, value_name = "DBNAME", value_hint = ValueHint::Other)]
    pub(super) dbname: Option<String>,

    #[command(flatten)]
    pub(super) server: ServerArgs,

    /// Change to this role after connecting
    #[arg(long, value_name = "ROLE")]
    pub(super) role: Option<OsString>,
}
