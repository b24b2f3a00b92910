//! The connections beside the first: those that cannot be had, and those that somebody is in the way of.

use std::fs::File;
use std::path::Path;
use std::process::Child;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{ArchiveVersion, Compression, Dump, Event};
use pgdumprs_testkit::compare::{compare_archives, stock_archive};
use pgdumprs_testkit::{Database, Major, for_each_major, tool};

use crate::{PART, Slow, database, dump_with};

#[test]
fn fewer_connections_than_asked_for_are_a_warning() {
    for_each_major(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.dump");
        let (expected, _) = dump_with(&database, &path, 1, |dump| dump)?;
        for limit in [1, 3] {
            // A superuser is not held to the limit.
            let role = server.role("LOGIN");
            database.execute_sql(format!(
                "ALTER ROLE {role} CONNECTION LIMIT {limit};
                 DO $$ DECLARE lo oid; BEGIN
                     GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
                     FOR lo IN SELECT oid FROM pg_largeobject_metadata LOOP
                         EXECUTE format('GRANT SELECT ON LARGE OBJECT %s TO {role}', lo);
                     END LOOP;
                 END $$"
            ));
            let (sender, warnings) = channel();
            let mut started = false;
            let dump = Dump::new(&format!("{} user={role}", database.conninfo()))?
                .jobs(8)
                .part_bytes(PART)
                .watch(move |event| match event {
                    // The first connection, which is told of here, must not be done before the others have been refused.
                    Event::TableStarted { .. } if !std::mem::replace(&mut started, true) => {
                        std::thread::sleep(Duration::from_millis(300));
                    }
                    Event::Warning(warning) => {
                        let _ = sender.send(warning);
                    }
                    _ => {}
                });
            let report = tokio::runtime::Runtime::new()?.block_on(dump.to_file(&path))?;
            ensure!(report.rows == expected.rows, "{report:?}");
            let warnings: Vec<String> = warnings.into_iter().collect();
            ensure!(
                warnings.len() == 1 && warnings[0].contains("too many connections for role"),
                "{warnings:?}"
            );
        }
        Ok(())
    });
}

/// A role that may read all columns and not the table cannot read `ctid`: there, the table is read whole.
#[test]
fn a_role_that_may_read_columns_reads_the_table_whole() {
    for_each_major(|server| {
        // Servers before 16 let nobody lock a table who may not read it.
        if server.major().number() < 16 {
            return Ok(());
        }
        let database = server.database();
        let role = server.role("LOGIN");
        database.execute_sql(format!(
            "CREATE TABLE t AS SELECT g AS id, md5(g::text) AS t FROM generate_series(1, 30000) g;
             GRANT UPDATE, SELECT (id, t) ON t TO {role}"
        ));
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.dump");
        let dump = Dump::new(&format!("{} user={role}", database.conninfo()))?
            .jobs(4)
            .part_bytes(PART);
        let report = tokio::runtime::Runtime::new()?.block_on(dump.to_file(&path))?;
        ensure!(report.rows == 30_000, "{report:?}");
        Ok(())
    });
}

/// Somebody waits for the exclusive lock of a table that the leader has locked. Whoever queued up behind would never get on; but the
/// leader can read the table.
#[test]
fn whoever_waits_for_a_table_is_not_waited_for() {
    for_each_major(|server| {
        let database = database(server);
        let folder = tempfile::tempdir()?;
        let (stock, ours) = (
            folder.path().join("stock.dump"),
            folder.path().join("ours.dump"),
        );
        stock_archive(&database, &stock, &[])?;
        // A leader that is quick may have read the table before the others are there: then nothing is in their way, and nothing shown.
        for _ in 0..10 {
            let warnings = dump_while_somebody_waits(&database, 4, &ours)?;
            let comparison = compare_archives(&stock, &ours)?;
            ensure!(comparison.is_same(), "{comparison}");
            match &warnings[..] {
                [] => {}
                [one] if one.contains("could not obtain lock") => return Ok(()),
                _ => bail!("{warnings:?}"),
            }
        }
        bail!("nothing was ever in another connection's way")
    });
}

/// A connection that has met such a table goes on with others.
#[test]
fn whoever_has_met_a_table_that_is_waited_for_reads_others() {
    for_each_major(|server| {
        let database = database(server);
        // The last of all, and long.
        database.execute_sql(
            "CREATE TABLE z_last AS SELECT g, repeat(md5(g::text), 30) FROM generate_series(1, 10000) g",
        );
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("ours.dump");
        let done = AtomicBool::new(false);
        // The leader has its lock from the beginning, and the other connection from when it first reads of it.
        let readers = || {
            let sql = "SELECT count(*) FROM pg_locks WHERE relation = 'z_last'::regclass AND mode = 'AccessShareLock'";
            database.psql(sql).parse().unwrap_or(0)
        };
        for _ in 0..10 {
            let (warnings, most) = std::thread::scope(|scope| {
                done.store(false, Ordering::Relaxed);
                let watching = scope.spawn(|| {
                    let mut most = 0;
                    while !done.load(Ordering::Relaxed) {
                        most = most.max(readers());
                    }
                    most
                });
                let warnings = dump_while_somebody_waits(&database, 2, &path);
                done.store(true, Ordering::Relaxed);
                (warnings, watching.join().unwrap_or(0))
            });
            let warnings = warnings?;
            match &warnings[..] {
                // Nobody was in anybody's way.
                [] => {}
                [one] => {
                    ensure!(
                        one.contains("toasted") && one.contains("could not obtain lock"),
                        "{one}"
                    );
                    if most == 2 {
                        return Ok(());
                    }
                }
                _ => bail!("{warnings:?}"),
            }
        }
        bail!("nobody went on")
    });
}

/// Dumps over several connections while a session waits for tables, and returns what was warned of.
fn dump_while_somebody_waits(database: &Database, jobs: usize, path: &Path) -> Result<Vec<String>> {
    let (sender, warnings) = channel();
    let other = Mutex::new(None);
    let (conninfo, waits) = (database.conninfo(), psql_waits(database));
    let dump = Dump::new(&conninfo)?
        .jobs(jobs)
        .part_bytes(PART)
        // So little that the leader has to go beyond it when it reads what was left to it.
        .memory(8 << 20)
        .compression(Compression::None)
        .archive_version(ArchiveVersion::V1_16)
        .watch(move |event| match event {
            // All tables are locked, and no other connection is there yet.
            Event::Planned { .. } => {
                *other.lock().unwrap() = Some(waits());
            }
            Event::Warning(warning) => {
                let _ = sender.send(warning);
            }
            _ => {}
        });
    // Slow enough for others to come before the leader has read everything, most of the time.
    let output = Slow(File::create(path)?);
    let dumped =
        async { tokio::time::timeout(Duration::from_secs(60), dump.to_std_writer(output)).await };
    tokio::runtime::Runtime::new()?
        .block_on(dumped)
        .context("the dump hangs")??;
    Ok(warnings.into_iter().collect())
}

/// Starts a session that wants a table for itself, and returns when the server says that it waits.
fn psql_waits(database: &Database) -> impl Fn() -> Waiting + Send + use<> {
    let (conninfo, major) = (database.conninfo(), database.server().major());
    move || {
        let psql = |sql: &str| {
            let mut command = tool(Major::REFERENCE, "psql");
            command.args(["-XAtq", "-d", &conninfo, "-c", sql]);
            command
        };
        let child = psql("BEGIN; LOCK TABLE toasted").spawn();
        let waiting = Waiting(child.expect("psql starts"));
        for _ in 0..200 {
            let asked =
                psql("SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'toasted'::regclass")
                    .output();
            if !asked.expect("psql runs").stdout.is_empty() {
                return waiting;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        panic!("nobody waits for a lock on PostgreSQL {major:?}");
    }
}

/// A process that ends with its handle.
struct Waiting(Child);

impl Drop for Waiting {
    fn drop(&mut self) {
        // It may have ended by itself, when the dump was done.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
