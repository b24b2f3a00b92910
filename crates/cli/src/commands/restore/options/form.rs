//! Options that say how what is restored is made.

use clap::Args;
use pgdumprs::script::Options;

use crate::args::making::MakingArgs;

#[derive(Debug, Args)]
#[command(next_help_heading = "How it is restored")]
pub(super) struct FormArgs {
    #[command(flatten)]
    pub(super) making: MakingArgs,

    /// Load data with row security switched on
    ///
    /// Otherwise loading fails where row security would hide rows from the role that restores.
    #[arg(long)]
    pub(super) enable_row_security: bool,

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
    /// Adds what was asked for.
    pub(super) fn apply(&self, options: &mut Options) {
        self.making.apply(options);
        options.enable_row_security = self.enable_row_security;
    }
}
