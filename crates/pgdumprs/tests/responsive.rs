//! A service that embeds a dump goes on with its own work meanwhile.

use std::fs;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::{Database, Major, Server};
use tokio::runtime::{Builder, Runtime};

/// How long nothing else may get a turn.
const STALL: Duration = Duration::from_millis(50);

const TICK: Duration = Duration::from_millis(1);

/// For how long the current thread has wanted to run and was not let, so far: other programs had the processor then, and no change of
/// ours would help. Where the system does not tell, nothing is excused.
fn kept_waiting() -> Duration {
    let statistics = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    let waited = statistics.split(' ').nth(1);
    Duration::from_nanos(waited.and_then(|time| time.parse().ok()).unwrap_or(0))
}

/// Ticks every millisecond until told to end; returns the longest time between two ticks, and how many there were.
async fn tick(until: Arc<AtomicBool>) -> (Duration, usize) {
    let (mut longest, mut ticks) = (Duration::ZERO, 0);
    let mut last = (Instant::now(), kept_waiting());
    while !until.load(Ordering::Relaxed) {
        tokio::time::sleep(TICK).await;
        let now = (Instant::now(), kept_waiting());
        let pause = (now.0 - last.0).saturating_sub(now.1.saturating_sub(last.1));
        longest = longest.max(pause);
        ticks += 1;
        last = now;
    }
    (longest, ticks)
}

/// Dumps while another task of the same runtime ticks, and returns the longest time in which it got no turn.
///
/// The runtime must run tasks on one thread, so that it is always the same that ticks.
fn longest_stall(runtime: &Runtime, database: &Database) -> Result<Duration> {
    let done = Arc::new(AtomicBool::new(false));
    let ticking = runtime.spawn(tick(done.clone()));
    let dump = Dump::new(&database.conninfo())?;
    // Like a service's, the dump is a task beside the others.
    let dumping = runtime.spawn(dump.to_std_writer(std::io::sink()));
    let dumped = runtime.block_on(dumping);
    done.store(true, Ordering::Relaxed);
    dumped?.context("dumping with pgdumprs")?;
    let (longest, ticks) = runtime.block_on(ticking)?;
    ensure!(ticks > 50, "{ticks} ticks are too few to tell");
    Ok(longest)
}

/// Many tables with something for each part of a dump to do.
fn database(server: &Server, count: usize) -> Result<Database> {
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

#[test]
fn other_tasks_get_their_turns_during_a_dump() -> Result<()> {
    let server = Server::builder(Major::REFERENCE)
        .setting("max_locks_per_transaction", "1000")
        .start()?;
    let database = database(&server, 5000)?;
    let mut one_worker = Builder::new_multi_thread();
    one_worker.worker_threads(1);
    for (name, mut builder) in [
        ("single-threaded", Builder::new_current_thread()),
        ("multi-threaded", one_worker),
    ] {
        let runtime = builder.enable_all().build()?;
        let stall = longest_stall(&runtime, &database)?;
        println!("{name}: other tasks had to wait for up to {stall:?}");
        ensure!(
            stall < STALL,
            "in a {name} runtime other tasks had to wait for {stall:?}"
        );
    }
    Ok(())
}
