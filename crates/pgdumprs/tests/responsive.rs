//! A service that embeds a dump goes on with its own work meanwhile.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, Inserts};
use pgdumprs_testkit::{Database, Major, Server};
use tokio::runtime::{Builder, Runtime};

/// How long nothing else may get a turn.
const STALL: Duration = Duration::from_millis(50);

const TICK: Duration = Duration::from_millis(1);

/// When it is, and how much of the time until then was not the runtime's to use.
#[derive(Clone, Copy)]
struct Moment {
    at: Instant,
    taken: Duration,
}

impl Moment {
    fn now() -> Self {
        Moment {
            at: Instant::now(),
            taken: kept_waiting() + stolen(),
        }
    }

    /// The time since `earlier`, without what was taken of it.
    fn since(self, earlier: Moment) -> Duration {
        (self.at - earlier.at).saturating_sub(self.taken.saturating_sub(earlier.taken))
    }
}

/// For how long the current thread has wanted to run and was not let, so far: other programs had the processor then, and no change of
/// ours would help. Where the system does not tell, nothing is excused.
fn kept_waiting() -> Duration {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = statistics.split(' ').nth(1);
    Duration::from_nanos(waited.and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// For how long all processors have been kept from a virtual machine so far. A host that shares them out takes a tenth of a second at a
/// time. Told in hundredths of a second.
fn stolen() -> Duration {
    let statistics = fs::read_to_string("/proc/stat").unwrap_or_default();
    let steal = statistics.split_whitespace().nth(8);
    Duration::from_millis(10 * steal.and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// Ticks every millisecond until told to end; returns the longest time between two ticks, and how many there were.
async fn tick(until: Arc<AtomicBool>) -> (Duration, usize) {
    let (mut longest, mut ticks) = (Duration::ZERO, 0);
    let mut last = Moment::now();
    while !until.load(Ordering::Relaxed) {
        tokio::time::sleep(TICK).await;
        let mut now = Moment::now();
        if now.since(last) >= STALL {
            // What was stolen is counted a little later.
            tokio::time::sleep(20 * TICK).await;
            now.taken = Moment::now().taken;
        }
        longest = longest.max(now.since(last));
        ticks += 1;
        last = Moment::now();
    }
    (longest, ticks)
}

/// Dumps while another task of the same runtime ticks, and returns the longest time in which it got no turn.
///
/// The runtime must run tasks on one thread, so that it is always the same that ticks.
fn longest_stall(runtime: &Runtime, dump: Dump) -> Result<Duration> {
    let done = Arc::new(AtomicBool::new(false));
    let ticking = runtime.spawn(tick(done.clone()));
    // Like a service's, the dump is a task beside the others.
    let dumping = runtime.spawn(dump.to_std_writer(std::io::sink()));
    let dumped = runtime.block_on(dumping);
    done.store(true, Ordering::Relaxed);
    dumped?.context("dumping with pgdumprs")?;
    let (longest, ticks) = runtime.block_on(ticking)?;
    ensure!(ticks > 50, "{ticks} ticks are too few to tell");
    Ok(longest)
}

/// Dumps in a runtime of one thread, which must not be held up by it.
fn check(what: &str, mut builder: Builder, dump: Dump) -> Result<()> {
    let stall = longest_stall(&builder.enable_all().build()?, dump)?;
    println!("{what}: other tasks had to wait for up to {stall:?}");
    ensure!(
        stall < STALL,
        "{what}: other tasks had to wait for {stall:?}"
    );
    Ok(())
}

/// Many tables with something for each part of a dump to do.
fn many_tables(server: &Server, count: usize) -> Result<Database> {
    let database = server.database();
    database.try_execute_sql(format!(
        "DO $$
         BEGIN
             FOR i IN 1..{count} LOOP
                 EXECUTE format('CREATE TABLE item_%1$s (id int NOT NULL DEFAULT 1, name text CHECK (name <> ''''), a int, b int)', i);
                 EXECUTE format('CREATE INDEX item_%1$s_id ON item_%1$s (id)', i);
                 EXECUTE format('COMMENT ON TABLE item_%1$s IS ''one of many''', i);
                 IF i % 100 = 0 THEN
                     COMMIT;
                 END IF;
             END LOOP;
         END $$"
    ))?;
    Ok(database)
}

/// Rows by the hundred thousand, a value that is larger than everything else, and a large object.
fn large_data(server: &Server) -> Result<Database> {
    let database = server.database();
    database.try_execute_sql(
        "CREATE TABLE narrow AS SELECT g AS id, md5(g::text) AS t FROM generate_series(1, 300000) g;
         CREATE TABLE large AS SELECT repeat('it''s large', 2000000) AS t;
         SELECT lo_from_bytea(0, decode(repeat(md5('large'), 300000), 'hex'))",
    )?;
    Ok(database)
}

#[test]
fn other_tasks_get_their_turns_during_a_dump() -> Result<()> {
    let server = Server::builder(Major::REFERENCE)
        .setting("max_locks_per_transaction", "1000")
        .start()?;
    let (many, large) = (many_tables(&server, 5000)?, large_data(&server)?);
    let mut one_worker = Builder::new_multi_thread();
    one_worker.worker_threads(1);
    let single = Builder::new_current_thread;
    let dump = |database: &Database| Dump::new(&database.conninfo());
    check("many tables", single(), dump(&many)?)?;
    check("many tables, multi-threaded", one_worker, dump(&many)?)?;
    check("large data", single(), dump(&large)?)?;
    let inserts = dump(&large)?.inserts(Inserts::default());
    check("large data as INSERTs", single(), inserts)
}
