//! A service that embeds a dump goes on with its own work meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::{Database, Major, Server};
use tokio::runtime::{Builder, Runtime};

/// How long nothing else may get a turn.
const STALL: Duration = Duration::from_millis(50);

/// Pauses that are worth remembering.
const PAUSE: Duration = Duration::from_millis(5);

const TICK: Duration = Duration::from_millis(1);

/// A time in which a ticker got no turn.
#[derive(Clone, Copy, Debug)]
struct Pause {
    from: Instant,
    to: Instant,
}

impl Pause {
    fn length(self) -> Duration {
        self.to - self.from
    }

    /// For how long it and another ran at the same time.
    fn overlap(self, other: Pause) -> Duration {
        let from = self.from.max(other.from);
        self.to.min(other.to).saturating_duration_since(from)
    }
}

/// The pauses of something that is called again and again.
struct Ticker {
    last: Instant,
    ticks: usize,
    pauses: Vec<Pause>,
}

impl Ticker {
    fn new() -> Ticker {
        Ticker {
            last: Instant::now(),
            ticks: 0,
            pauses: Vec::new(),
        }
    }

    fn tick(&mut self) {
        let (from, to) = (self.last, Instant::now());
        if to - from > PAUSE {
            self.pauses.push(Pause { from, to });
        }
        self.last = to;
        self.ticks += 1;
    }
}

/// Dumps while a task of the same runtime and, to know what the machine is to blame for, a thread tick every millisecond. Returns
/// the longest time in which the task got no turn but the thread did.
fn longest_stall(runtime: &Runtime, database: &Database) -> Result<Duration> {
    let done = Arc::new(AtomicBool::new(false));
    let until = done.clone();
    let thread = thread::spawn(move || {
        let mut ticker = Ticker::new();
        while !until.load(Ordering::Relaxed) {
            thread::sleep(TICK);
            ticker.tick();
        }
        ticker
    });
    let until = done.clone();
    let task = runtime.spawn(async move {
        let mut ticker = Ticker::new();
        while !until.load(Ordering::Relaxed) {
            tokio::time::sleep(TICK).await;
            ticker.tick();
        }
        ticker
    });
    let dump = Dump::new(&database.conninfo())?;
    // Like a service's, the dump is a task beside the others.
    let dumped = runtime.block_on(async {
        let dumped = tokio::spawn(dump.to_writer(std::io::sink())).await;
        done.store(true, Ordering::Relaxed);
        dumped
    });
    done.store(true, Ordering::Relaxed);
    dumped?.context("dumping with pgdumprs")?;
    let task = runtime.block_on(task)?;
    let thread = thread.join().expect("the ticking thread does not panic");
    ensure!(task.ticks > 50, "{} ticks are too few to tell", task.ticks);
    let stall = |pause: &Pause| {
        let machine = thread.pauses.iter().map(|other| pause.overlap(*other));
        pause.length() - machine.sum::<Duration>()
    };
    Ok(task.pauses.iter().map(stall).max().unwrap_or_default())
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
    for (name, mut builder) in [
        ("single-threaded", Builder::new_current_thread()),
        ("multi-threaded", Builder::new_multi_thread()),
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
