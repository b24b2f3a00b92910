//! Options of pg_dump that say how a script restores. An archive holds what is needed either way, and pg_restore has the same
//! options, so that they change nothing there, as with pg_dump.

use clap::Args;
use pgdumprs::Plain;
use pgdumprs::script::RestrictKey;

use crate::args::making::MakingArgs;
use crate::progress::Verbosity;

#[derive(Debug, Args)]
#[command(next_help_heading = "Restore options, for plain SQL: without effect on an archive")]
pub(super) struct ScriptArgs {
    #[command(flatten)]
    making: MakingArgs,

    /// Do not restore owners
    #[arg(short = 'O', long)]
    no_owner: bool,

    /// Do not restore table access methods
    #[arg(long)]
    no_table_access_method: bool,

    /// Once asked for connections to be kept
    #[arg(short = 'R', long, hide = true)]
    no_reconnect: bool,
}

impl ScriptArgs {
    /// Checks that the options go together.
    pub(super) fn check(&self, data_only: bool) -> anyhow::Result<()> {
        self.making.check_clean(data_only)?;
        self.making.check_if_exists()
    }

    /// What a script is like.
    pub(super) fn plain(&self, restrict_key: Option<RestrictKey>, verbosity: Verbosity) -> Plain {
        let mut plain = Plain::default();
        let options = &mut plain.options;
        self.making.apply(options);
        options.no_owner = self.no_owner;
        options.no_table_access_method = self.no_table_access_method;
        plain.restrict_key = restrict_key;
        plain.verbose = verbosity == Verbosity::Verbose;
        plain
    }
}
