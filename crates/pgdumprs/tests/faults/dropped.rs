//! Dumps whose future is dropped.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{Dump, Event};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{
    Authority, Database, Fault, Major, Server, SlowLink, for_each_major, random::random_numbers,
};

use crate::{GONE, HANG, SEED, Subject, alone, files_in};

/// Points for each number of connections.
const POINTS: usize = 25;

#[test]
fn a_dump_dropped_at_any_byte_leaves_nothing() -> Result<()> {
    let _alone = alone();
    let subject = Subject::new()?;
    let link = SlowLink::open(subject.database.server(), Duration::ZERO)?;
    let conninfo = link.conninfo(subject.database.name());
    let path = subject.folder.path().join("a.dump");
    for jobs in [1, 4] {
        let before = link.bytes();
        subject.outcome(subject.dump(&conninfo, jobs)?.to_file(&path))??;
        std::fs::remove_file(&path)?;
        let bytes = usize::try_from(link.bytes() - before)?;
        for point in random_numbers(SEED, POINTS, bytes) {
            let until = link.bytes() + u64::try_from(point)?;
            let dump = subject.dump(&conninfo, jobs)?.to_file(&path);
            let finished = subject.runtime.block_on(async {
                tokio::select! {
                    finished = dump => Some(finished),
                    () = passed(&link, until) => None,
                }
            });
            if let Some(finished) = finished {
                finished?;
                std::fs::remove_file(&path)?;
            }
            let dropped = Instant::now();
            subject.check_nothing_is_left().with_context(|| {
                format!("dropped after {point} of {bytes} bytes, with -j {jobs}")
            })?;
            ensure!(dropped.elapsed() < GONE);
        }
    }
    Ok(())
}

async fn passed(link: &SlowLink, bytes: u64) {
    while link.bytes() < bytes {
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
}

/// A server that waits for a lock does not look at its connection: it must be told.
#[test]
fn a_dump_dropped_while_it_waits_for_a_lock_waits_no_more() {
    let _alone = alone();
    for_each_major(|server| {
        let database = server.database();
        drop_while_it_waits(&database, &database.conninfo())
    });
}

/// The request to cancel goes the way that the session came.
#[test]
fn what_waits_is_told_over_tls_too() -> Result<()> {
    let _alone = alone();
    let authority = Authority::new("the host's authority")?;
    let server = Server::builder(Major::V17)
        .tls(&authority.sign_host("localhost")?)
        .access_rules("hostssl all all all trust")
        .start()?;
    let folder = tempfile::tempdir()?;
    let root = folder.path().join("root.crt");
    std::fs::write(&root, authority.pem())?;
    let database = server.database();
    let conninfo = format!(
        "host=localhost port={} user=postgres dbname={} sslmode=verify-full sslrootcert={}",
        server.port(),
        database.name(),
        root.display()
    );
    drop_while_it_waits(&database, &conninfo)
}

fn drop_while_it_waits(database: &Database, conninfo: &str) -> Result<()> {
    database.execute_sql("CREATE TABLE wanted (id integer)");
    tokio::runtime::Runtime::new()?.block_on(async {
        let mut other = Session::connect(&ConnectParams::parse(conninfo)?).await?;
        other.query("BEGIN; LOCK TABLE wanted").await?;
        let folder = tempfile::tempdir()?;
        let dump = Dump::new(conninfo)?.to_file(folder.path().join("a.dump"));
        let waits = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'wanted'::regclass";
        tokio::select! {
            _ = dump => bail!("the dump does not wait"),
            waiting = until(&mut other, waits, true) => waiting?,
        }
        until(&mut other, waits, false).await?;
        // A transaction keeps what it once saw of other sessions.
        other.query("ROLLBACK").await?;
        let others = "SELECT concat_ws(' ', backend_type, state, wait_event, query) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        until(&mut other, others, false).await?;
        ensure!(files_in(folder.path())?.is_empty());
        Ok(())
    })
}

/// Waits for something that a dump comes to.
async fn becomes(happens: impl Fn() -> bool) -> Result<()> {
    let limit = Instant::now() + HANG;
    while !happens() {
        ensure!(Instant::now() < limit, "the dump hangs");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Waits until a query has rows, or has none.
async fn until(session: &mut Session, sql: &str, rows: bool) -> Result<()> {
    let limit = Instant::now() + GONE;
    loop {
        let found = session.query(sql).await?;
        if found.is_empty() != rows {
            break;
        }
        let first = found.get(0).and_then(|row| row.bytes(0));
        ensure!(Instant::now() < limit, "{sql} gives {first:?} for too long");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// Neither a server that says nothing any more nor a reader that reads nothing keeps a dropped dump.
#[test]
fn a_silent_network_or_a_stuck_writer_does_not_hold_what_is_dropped() {
    let _alone = alone();
    let subject = Subject::new().unwrap();
    for jobs in [1, 4] {
        silent_network(&subject, jobs).unwrap();
        stuck_writer(&subject, jobs).unwrap();
    }
}

fn silent_network(subject: &Subject, jobs: usize) -> Result<()> {
    let link = SlowLink::open(subject.database.server(), Duration::ZERO)?;
    let path = subject.folder.path().join("a.dump");
    link.fail_after(400_000, Fault::Silence);
    let dump = subject
        .dump(&link.conninfo(subject.database.name()), jobs)?
        .to_file(&path);
    subject.runtime.block_on(async {
        tokio::select! {
            finished = dump => bail!("the dump ends: {finished:?}"),
            failed = becomes(|| link.has_failed()) => failed,
        }
    })?;
    let dropped = Instant::now();
    ensure!(
        pgdumprs::wait_for_cancels(Duration::from_secs(5)),
        "requests to cancel take too long"
    );
    ensure!(dropped.elapsed() < Duration::from_secs(2));
    // The server learns of it when the network is there again.
    drop(link);
    subject.check_nothing_is_left()
}

fn stuck_writer(subject: &Subject, jobs: usize) -> Result<()> {
    let (lets_go, held) = channel();
    let stuck = Arc::new(AtomicBool::new(false));
    let dump = subject
        .dump(&subject.database.conninfo(), jobs)?
        .to_std_writer(Stuck(held, Arc::clone(&stuck)));
    subject.runtime.block_on(async {
        tokio::select! {
            finished = dump => bail!("the dump ends: {:?}", finished.map(|_| ())),
            held = becomes(|| stuck.load(Ordering::Relaxed)) => held,
        }
    })?;
    let limit = Instant::now() + GONE;
    while !subject.backends()?.is_empty() {
        ensure!(Instant::now() < limit, "{:?}", subject.backends()?);
        std::thread::sleep(Duration::from_millis(10));
    }
    drop::<Sender<()>>(lets_go);
    subject.check_nothing_is_left()
}

/// A pipe whose reader does not read, and whether somebody writes.
struct Stuck(Receiver<()>, Arc<AtomicBool>);

impl Write for Stuck {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.1.store(true, Ordering::Relaxed);
        // Returns when the sender is gone.
        let _ = self.0.recv();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The connections end with the runtime that carried them.
#[test]
fn a_dump_dropped_with_its_runtime_leaves_nothing() {
    let _alone = alone();
    let subject = Subject::new().unwrap();
    for builder in [
        tokio::runtime::Builder::new_current_thread(),
        tokio::runtime::Builder::new_multi_thread(),
    ] {
        drop_with_runtime(&subject, builder).unwrap();
    }
}

fn drop_with_runtime(subject: &Subject, mut builder: tokio::runtime::Builder) -> Result<()> {
    let runtime = builder.enable_all().build()?;
    let (sender, planned) = channel();
    let path = subject.folder.path().join("a.dump");
    let dump = subject
        .dump(&subject.database.conninfo(), 4)?
        .watch(move |event| {
            if let Event::Planned { .. } = event {
                // The receiver lives longer than the runtime.
                let _ = sender.send(());
            }
        });
    let task = runtime.spawn(dump.to_file(path));
    runtime.block_on(async {
        while planned.try_recv().is_err() && !task.is_finished() {
            tokio::task::yield_now().await;
        }
    });
    drop(runtime);
    ensure!(task.is_finished());
    if files_in(subject.folder.path())? == ["a.dump"] {
        // It was quicker than the runtime's end.
        std::fs::remove_file(subject.folder.path().join("a.dump"))?;
    }
    subject.check_nothing_is_left()
}
