//! Options that say how a dump runs.

use clap::{Args, ValueEnum};
use pgdumprs::Dump;

#[derive(Debug, Args)]
#[command(next_help_heading = "Running the dump")]
pub(super) struct RunningArgs {
    /// Fail where tables cannot be locked in time: milliseconds, or a number with a unit
    #[arg(long, value_name = "TIMEOUT")]
    lock_wait_timeout: Option<String>,

    /// Change to this role after connecting
    #[arg(long, value_name = "ROLE")]
    role: Option<String>,

    /// Wait for a moment that no serializable transaction contradicts
    #[arg(long)]
    serializable_deferrable: bool,

    /// Read in a snapshot that another session has exported
    ///
    /// By SELECT pg_export_snapshot(), in a transaction that stays open until the dump has begun. Refused on standbys whose release would
    /// do damage.
    #[arg(long, value_name = "SNAPSHOT")]
    snapshot: Option<String>,

    /// Do not wait until the file is safe on disk
    #[arg(long)]
    no_sync: bool,

    /// How the files of a folder (-Fd) get to disk; a single file gets there by both in the same way
    ///
    /// fsync syncs each file, and syncfs all of the file system at once, with what else is on it.
    #[arg(long, value_name = "METHOD")]
    sync_method: Option<SyncMethod>,
}

/// Ways to sync a folder of files.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum SyncMethod {
    Fsync,
    Syncfs,
}

impl RunningArgs {
    /// Tells `dump` what was asked for.
    pub(super) fn apply(&self, dump: Dump) -> Dump {
        let mut dump = dump
            .serializable_deferrable(self.serializable_deferrable)
            .sync(!self.no_sync);
        if let Some(method) = self.sync_method {
            dump = dump.sync_method(match method {
                SyncMethod::Fsync => pgdumprs::SyncMethod::Fsync,
                SyncMethod::Syncfs => pgdumprs::SyncMethod::Syncfs,
            });
        }
        if let Some(timeout) = &self.lock_wait_timeout {
            dump = dump.lock_wait_timeout(timeout);
        }
        if let Some(role) = &self.role {
            dump = dump.role(role);
        }
        if let Some(snapshot) = &self.snapshot {
            dump = dump.snapshot(snapshot);
        }
        dump
    }
}
