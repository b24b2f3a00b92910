//! What a fault leaves: an error and nothing else, wherever it strikes.
//!
//! Points are chosen by chance from a seed that is fixed; a failure names the point.

mod disk;
mod dropped;
mod network;

use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{CreationTime, Dump};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Database, Major, Server};
use tokio::runtime::Runtime;

/// What decides where faults strike.
const SEED: u64 = 20_261_121;

/// After this time a dump is taken to hang. It takes a tenth of a second.
const HANG: Duration = Duration::from_secs(60);

/// How long connections and threads may take to be gone.
const GONE: Duration = Duration::from_secs(10);

/// Threads that a dump starts.
const THREADS: [&str; 3] = ["write", "compress", "cancel"];

/// Panics in whatever thread of this process.
static PANICS: AtomicUsize = AtomicUsize::new(0);

/// Keeps the tests of this file from one another: they look at the process's threads.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let guard = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        PANICS.fetch_add(1, Ordering::Relaxed);
        usual(panic);
    }));
    PANICS.store(0, Ordering::Relaxed);
    guard
}

/// A database to dump again and again, and who looks after what dumps leave.
struct Subject {
    database: Database,
    runtime: Runtime,
    folder: tempfile::TempDir,
    /// A session in another database.
    watch: tokio::sync::Mutex<Session>,
}

impl Subject {
    fn new() -> Result<Self> {
        let database = Server::get(Major::V17).database();
        database.execute_sql(
            r"CREATE TABLE narrow AS SELECT g AS id, g * 1.25 AS amount FROM generate_series(1, 20000) g;
              CREATE TABLE toasted (id integer, t text);
              ALTER TABLE toasted ALTER t SET STORAGE EXTERNAL;
              INSERT INTO toasted SELECT g, repeat(md5(g::text), 200) FROM generate_series(1, 50) g;
              CREATE TABLE parent (id integer PRIMARY KEY);
              CREATE TABLE child (id integer REFERENCES parent);
              CREATE VIEW both_ids AS SELECT id FROM parent JOIN child USING (id);
              DO $$ BEGIN
                  FOR i IN 1..12 LOOP
                      EXECUTE format('CREATE TABLE small_%s AS SELECT g FROM generate_series(1, %s) g', i, i % 5);
                  END LOOP;
              END $$;
              SELECT lo_from_bytea(100000 + g, convert_to(repeat('x' || g, g), 'UTF8')) FROM generate_series(1, 40) g;",
        );
        let runtime = Runtime::new()?;
        let params = ConnectParams::parse(&database.server().conninfo("postgres"))?;
        let watch = runtime.block_on(Session::connect(&params))?.into();
        Ok(Self {
            database,
            runtime,
            folder: tempfile::tempdir()?,
            watch,
        })
    }

    /// A dump that is the same for equal content, in so many parts that there is work for four connections.
    fn dump(&self, conninfo: &str, jobs: usize) -> Result<Dump> {
        Ok(Dump::new(conninfo)?
            .jobs(jobs)
            .part_bytes(8 << 10)
            .created(CreationTime::default()))
    }

    /// The outcome of a dump that must come to its end.
    fn outcome<T>(
        &self,
        dump: impl Future<Output = Result<T, pgdumprs::Error>>,
    ) -> Result<Result<T>> {
        let outcome = self
            .runtime
            .block_on(async { tokio::time::timeout(HANG, dump).await });
        Ok(outcome
            .context("the dump hangs")?
            .map_err(anyhow::Error::new))
    }

    /// The bytes of a dump that nothing happens to.
    fn expected(&self) -> Result<Vec<u8>> {
        let path = self.folder.path().join("expected");
        self.outcome(self.dump(&self.database.conninfo(), 4)?.to_file(&path))??;
        let expected = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        Ok(expected)
    }

    /// Dumps into a writer with so much room. Gives what was written, and how the dump ended.
    fn write_into(
        &self,
        conninfo: &str,
        room: usize,
        jobs: usize,
    ) -> Result<(Vec<u8>, Result<()>)> {
        let written = Arc::new(Mutex::new(Vec::new()));
        let disk = Disk {
            room,
            written: Arc::clone(&written),
        };
        let outcome = self.outcome(self.dump(conninfo, jobs)?.to_std_writer(disk))?;
        // The thread that writes may be at it still.
        self.check_nothing_is_left()?;
        let written = std::mem::take(&mut *written.lock().unwrap_or_else(PoisonError::into_inner));
        Ok((written, outcome.map(|_| ())))
    }

    /// Checks that a failed dump says why, in one line.
    fn check_error(&self, error: &anyhow::Error) -> Result<()> {
        let said = format!("{error:#}");
        ensure!(
            !said.is_empty()
                && !said.contains('\n')
                && !said.contains("the archive's writer stopped"),
            "{said:?}"
        );
        Ok(())
    }

    /// Checks that no connection, lock, thread or file of a dump is left, nor has a thread panicked.
    fn check_nothing_is_left(&self) -> Result<()> {
        let limit = Instant::now() + GONE;
        loop {
            let backends = self.backends()?;
            let threads = threads_at_work()?;
            if backends.is_empty() && threads.is_empty() {
                break;
            }
            if Instant::now() > limit {
                bail!("still there: {backends:?}, threads {threads:?}");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        let files = files_in(self.folder.path())?;
        ensure!(files.is_empty(), "left files {files:?}");
        ensure!(PANICS.load(Ordering::Relaxed) == 0, "a thread panicked");
        Ok(())
    }

    /// What the server does for the database. Whoever has a lock has a connection.
    fn backends(&self) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT concat_ws(' ', pid, state, wait_event, query) FROM pg_stat_activity WHERE datname = '{}'",
            self.database.name()
        );
        self.runtime.block_on(async {
            let rows = self.watch.lock().await.query(&sql).await?;
            let text = |row: pgdumprs_connect::Row| Ok(row.get::<bstr::BString>(0)?.to_string());
            rows.iter().map(text).collect()
        })
    }
}

/// The threads of dumps in this process.
fn threads_at_work() -> Result<Vec<String>> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir("/proc/self/task")? {
        // It may end meanwhile.
        if let Ok(name) = std::fs::read_to_string(thread?.path().join("comm"))
            && THREADS.contains(&name.trim())
        {
            found.push(name);
        }
    }
    Ok(found)
}

fn files_in(folder: &Path) -> Result<Vec<std::ffi::OsString>> {
    let names = std::fs::read_dir(folder)?.map(|entry| Ok(entry?.file_name()));
    names.collect()
}

/// A disk that fills up, in the middle of a write as real ones do.
struct Disk {
    room: usize,
    written: Arc<Mutex<Vec<u8>>>,
}

impl Write for Disk {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut written = self.written.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = bytes.len().min(self.room - written.len());
        if taken == 0 && !bytes.is_empty() {
            return Err(io::Error::new(
                io::ErrorKind::StorageFull,
                "no space left in the test",
            ));
        }
        written.extend_from_slice(&bytes[..taken]);
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
