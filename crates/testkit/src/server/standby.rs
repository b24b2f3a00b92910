//! Hot standbys: servers that start from a copy of another and follow it.

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::account::Account;
use super::{SUPERUSER, Server};
use crate::Major;
use crate::tools::{checked_output, try_tool};

/// How long a standby may take to replay what its primary has written, on a machine busy with other tests.
const REPLAY_LIMIT: Duration = Duration::from_secs(60);
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// Copies a running server's data directory to `target`, which must not exist, and marks the copy as a standby.
///
/// Settings that were given when the primary was started are not in its files, and so not in the copy.
pub(super) fn copy_to(target: &Path, primary: &Server, account: Account) -> Result<()> {
    // One program for all: it copies servers of its own major and of older ones, and not every source of binaries has it.
    let mut copy = try_tool(Major::REFERENCE, "pg_basebackup")?;
    copy.args(["--no-sync", "--checkpoint=fast", "--wal-method=stream"])
        .arg("--dbname")
        .arg(primary.conninfo("postgres"))
        .arg("--pgdata")
        .arg(target)
        .current_dir("/");
    account.act(&mut copy);
    checked_output(&mut copy)?;
    let mut mark = Command::new("touch");
    mark.arg(target.join("standby.signal"));
    account.act(&mut mark);
    checked_output(&mut mark)?;
    Ok(())
}

/// Where a standby finds its primary. Parameters that newer programs would write down for it are not known to every major.
pub(super) fn primary_conninfo(primary: &Server) -> String {
    format!(
        "host={} port={} user={SUPERUSER}",
        primary.socket_dir().display(),
        primary.port()
    )
}

impl Server {
    /// Waits until this standby shows everything that was committed on `primary` before the call.
    ///
    /// # Errors
    ///
    /// When a server does not answer, or the standby takes more than a minute.
    pub fn catch_up_with(&self, primary: &Server) -> Result<()> {
        // Commits of test servers reach the disk, and so the standby, some time later: this one does at once, with those before it.
        let position = primary.run_sql(
            "postgres",
            "SET synchronous_commit = on;
             DO $$ BEGIN PERFORM pg_logical_emit_message(true, 'pgdumprs', 'catch up'); END $$;
             SELECT pg_current_wal_flush_lsn()",
        )?;
        let position = position.trim();
        let limit = Instant::now() + REPLAY_LIMIT;
        let replayed = format!("SELECT pg_last_wal_replay_lsn() >= '{position}'");
        while self.run_sql("postgres", &replayed)?.trim() != "t" {
            if Instant::now() > limit {
                bail!("the standby had not come to {position} within {REPLAY_LIMIT:?}");
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}
