//! Options that say how a restore runs.

use anyhow::bail;
use clap::Args;
use pgdumprs::script::Options;

#[derive(Debug, Args)]
#[command(next_help_heading = "Running the restore")]
pub(super) struct RunningArgs {
    /// End at the first error, rather than go on and count errors
    #[arg(short, long)]
    pub(super) exit_on_error: bool,

    /// Begin also where something is known to be impossible, and restore the rest, as pg_restore does
    ///
    /// Otherwise the server is asked first, and a restore that would not be whole is refused before it changes anything.
    #[arg(long = "continue")]
    pub(super) regardless: bool,

    /// Ask the server what is in the way of the restore, print that, and change nothing
    ///
    /// The exit status is 0 where everything can be restored, and 1 where not.
    #[arg(long)]
    pub(super) plan: bool,

    /// Connections that restore at the same time; by default one for each CPU, and eight at most
    ///
    /// Called by the name pg_restore, the program has one by default.
    #[arg(short, long, value_name = "NUM", value_parser = number())]
    pub(super) jobs: Option<u32>,

    /// Restore everything or nothing: in one transaction
    #[arg(short = '1', long)]
    pub(super) single_transaction: bool,

    /// Commit after this many objects
    #[arg(long, value_name = "NUM", value_parser = number())]
    pub(super) transaction_size: Option<u32>,

    /// Load no rows into tables that could not be created
    #[arg(long)]
    pub(super) no_data_for_failed_tables: bool,
}

/// A number that C's int holds, from 1.
fn number() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=i32::MAX.into())
}

impl RunningArgs {
    /// Checks that the options go together. `create` says whether the database is created.
    pub(super) fn check(&self, create: bool) -> anyhow::Result<()> {
        const SINGLE: &str = "-1/--single-transaction";
        if self.single_transaction && self.transaction_size.is_some() {
            bail!("options {SINGLE} and --transaction-size cannot be used together");
        }
        if self.plan && self.regardless {
            bail!("options --plan and --continue cannot be used together");
        }
        if self.single_transaction && create {
            bail!("options -C/--create and {SINGLE} cannot be used together");
        }
        if self.single_transaction && self.jobs.is_some_and(|jobs| jobs > 1) {
            bail!("cannot specify both --single-transaction and multiple jobs");
        }
        Ok(())
    }

    /// Adds what was asked for.
    pub(super) fn apply(&self, options: &mut Options) {
        options.single_transaction = self.single_transaction;
        options.transaction_size = self.transaction_size;
    }
}
