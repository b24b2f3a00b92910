//! Options that say how a clone runs.

use anyhow::bail;
use clap::Args;
use pgdumprs::{ConnectParams, Dump, Restore};

use crate::commands::restore::size;

#[derive(Debug, Args)]
#[command(next_help_heading = "Running the clone")]
pub(super) struct RunningArgs {
    /// Pairs of connections that clone at the same time; by default one for each CPU, and eight at most
    ///
    /// Large tables are divided among them, where the source is a server since 14.
    #[arg(short, long, value_name = "NUM", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,

    /// Ask both servers what is in the way of the clone, print that, and change nothing
    ///
    /// The exit status is 0 where everything can be cloned, and 1 where not.
    #[arg(long)]
    plan: bool,

    /// Begin also where something is known to be impossible, and clone the rest
    #[arg(long = "continue")]
    regardless: bool,

    /// End at the first error, rather than go on and count errors
    #[arg(short = 'E', long)]
    exit_on_error: bool,

    /// Clone everything or nothing: in one transaction, over one pair of connections
    #[arg(short = '1', long)]
    single_transaction: bool,

    /// Load no rows into tables that could not be created
    #[arg(long)]
    no_data_for_failed_tables: bool,

    /// Have the target gather planner statistics of what was cloned when everything is in (ANALYZE), over as many connections
    ///
    /// Since 18, servers take the source's own instead: --statistics.
    #[arg(long)]
    analyze: bool,

    /// Go on with a clone that was broken off: there is no such thing
    #[arg(long, hide = true)]
    resume: bool,

    /// Have both servers make checksums of all rows, large objects and values of sequences at the end, and compare them
    ///
    /// Both read everything once more for that. Where anything is different, the clone is not complete.
    #[arg(long)]
    verify: bool,

    /// Memory that the target may take to make an index, such as 1GB, for each connection; without it, what its
    /// maintenance_work_mem says
    #[arg(long, value_name = "SIZE", value_parser = size)]
    maintenance_work_mem: Option<u64>,

    /// Fail where the source's tables cannot be locked in time: milliseconds, or a number with a unit
    #[arg(long, value_name = "TIMEOUT")]
    lock_wait_timeout: Option<String>,

    /// Wait for a moment that no serializable transaction contradicts
    #[arg(long)]
    serializable_deferrable: bool,

    /// Read in a snapshot that another session of the source has exported
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    /// Leave out rows that row security hides from the role, rather than fail
    ///
    /// Such a copy is not complete, and nothing in it says so.
    #[arg(long)]
    enable_row_security: bool,

    /// Load the rows of partitions through the topmost partitioned table
    #[arg(long)]
    load_via_partition_root: bool,

    /// Quote all identifiers, not only those that need it
    #[arg(long)]
    quote_all_identifiers: bool,

    /// Go on, with a warning, where the source is newer than PostgreSQL 19
    #[arg(long)]
    allow_newer_server: bool,
}

impl RunningArgs {
    /// Checks that the options go together. `create` says whether the database is created.
    pub(super) fn check(&self, create: bool) -> anyhow::Result<()> {
        const SINGLE: &str = "-1/--single-transaction";
        if self.resume {
            bail!(
                "a clone cannot be gone on with: the snapshot of the source is gone with it, and what two snapshots show need not fit together; \
                 begin anew, with -c --if-exists or in an empty database"
            );
        }
        if self.plan && self.regardless {
            bail!("options --plan and --continue cannot be used together");
        }
        if self.single_transaction && create {
            bail!("options -C/--create and {SINGLE} cannot be used together");
        }
        if self.single_transaction && self.jobs.is_some_and(|jobs| jobs > 1) {
            bail!("options {SINGLE} and -j/--jobs cannot be used together");
        }
        Ok(())
    }

    pub(super) fn is_plan(&self) -> bool {
        self.plan
    }

    pub(super) fn verifies(&self) -> bool {
        self.verify
    }

    pub(super) fn single_transaction(&self) -> bool {
        self.single_transaction
    }

    /// Tells `dump` how the source is read.
    pub(super) fn read(&self, dump: Dump, params: &ConnectParams) -> anyhow::Result<Dump> {
        if params.get("client_encoding") == Some("auto") {
            bail!(
                "client_encoding=auto goes by the locale of this machine, which has no part in a clone: name the encoding"
            );
        }
        let mut dump = dump
            .serializable_deferrable(self.serializable_deferrable)
            .row_security(self.enable_row_security)
            .load_via_partition_root(self.load_via_partition_root)
            .quote_all_identifiers(self.quote_all_identifiers)
            .allow_newer_server(self.allow_newer_server);
        if let Some(timeout) = &self.lock_wait_timeout {
            dump = dump.lock_wait_timeout(timeout);
        }
        if let Some(snapshot) = &self.snapshot {
            dump = dump.snapshot(snapshot);
        }
        Ok(dump)
    }

    /// Tells `restore` how the target is written to.
    pub(super) fn write(&self, restore: Restore) -> Restore {
        let mut restore = restore
            .regardless(self.regardless)
            .exit_on_error(self.exit_on_error)
            .analyze(self.analyze)
            .no_data_for_failed_tables(self.no_data_for_failed_tables);
        if let Some(bytes) = self.maintenance_work_mem {
            restore = restore.maintenance_work_mem(bytes);
        }
        match self.jobs {
            Some(jobs) => restore.jobs(jobs.into()),
            None => restore,
        }
    }
}
