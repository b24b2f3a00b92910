//! A table that dumps have to wait for.

use std::io::Write;
use std::process::{Child, ChildStdin, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use pgdumprs_testkit::tool;

use super::Source;

/// One table of the source, locked until this is dropped.
pub(crate) struct HeldTable<'s> {
    source: &'s Source,
    patience: Duration,
    holder: Child,
    // Where it ends, so does psql.
    _statements: ChildStdin,
}

impl HeldTable<'_> {
    /// Locks it. Nothing that is waited for, here or later, may take longer than `patience`.
    pub(crate) fn new(source: &Source, patience: Duration) -> Result<HeldTable<'_>> {
        let database = &source.database;
        let table = database.psql("SELECT min(oid::regclass::text) FROM pg_class WHERE relkind = 'r' AND relnamespace::regnamespace::text !~ '^(pg_|information)'");
        let mut psql = tool(source.server.major(), "psql");
        psql.args(["-X", "-q", "-d", &database.conninfo()]);
        let mut holder = psql.stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        // Its session is idle from then on, so that it ends with it.
        let mut statements = holder.stdin.take().context("psql has no input")?;
        writeln!(statements, "BEGIN; LOCK TABLE {table};")?;
        let held = HeldTable {
            source,
            patience,
            holder,
            _statements: statements,
        };
        held.until(
            "the table is locked",
            "granted AND mode = 'AccessExclusiveLock' AND relation >= 16384",
            true,
        )?;
        Ok(held)
    }

    /// Waits until a dump waits for it.
    pub(crate) fn until_a_dump_waits(&self) -> Result<()> {
        self.until("a dump waits for the table", "NOT granted", true)
    }

    /// Waits until no dump waits for it.
    pub(crate) fn until_no_dump_waits(&self) -> Result<()> {
        self.until("no dump waits for the table any more", "NOT granted", false)
    }

    /// Waits until there are such locks, or none.
    fn until(&self, what: &str, locks: &str, are_there: bool) -> Result<()> {
        let query =
            format!("SELECT count(*) > 0 FROM pg_locks WHERE locktype = 'relation' AND {locks}");
        let started = Instant::now();
        while (self.source.database.psql(&query) == "t") != are_there {
            if started.elapsed() > self.patience {
                bail!("waited in vain until {what}");
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }
}

impl Drop for HeldTable<'_> {
    fn drop(&mut self) {
        // Where it has ended by itself, there is nothing to end.
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
