//! How the command fails: with what exit status and what words, and that it leaves nothing.

mod disk;
mod files;
mod folders;
mod process;
mod server;
mod signals;
#[path = "../support/mod.rs"]
mod support;
mod threads;
mod whole_servers;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use pgdumprs_testkit::{Database, Major, Server};
use process::{Running, Session};
use support::pgdumprs;
use tempfile::TempDir;

/// How long something may take that happens at once on an idle machine.
const SOON: Duration = Duration::from_secs(20);

/// The names of what is in a folder, in their order.
fn names_in(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// A folder with yesterday's backup, which no failure may touch.
struct Backups(TempDir);

impl Backups {
    fn new() -> Self {
        let backups = Backups(tempfile::tempdir().unwrap());
        std::fs::write(backups.file(), "yesterday's").unwrap();
        backups
    }

    /// The backup's name.
    fn file(&self) -> PathBuf {
        self.0.path().join("db.dump")
    }

    fn assert_untouched(&self) {
        assert_eq!(std::fs::read(self.file()).unwrap(), b"yesterday's");
        let files = std::fs::read_dir(self.0.path()).unwrap().count();
        assert_eq!(files, 1, "something is left beside the backup");
    }
}

/// A database whose tables take a minute to read, by whoever is no superuser.
struct Slow {
    database: Database,
    role: String,
}

/// Tables that take long.
const SLOW_TABLES: usize = 3;

impl Slow {
    fn new(server: &Server) -> Self {
        let database = server.database();
        let role = server.role("LOGIN");
        database.execute_sql(format!(
            "CREATE FUNCTION nap() RETURNS boolean LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(0.05); RETURN true; END';
             DO $$ BEGIN FOR i IN 1..{SLOW_TABLES} LOOP
                 -- So large that each is a connection's work.
                 EXECUTE format('CREATE TABLE slow_%s (filler text); ALTER TABLE slow_%1$s ALTER filler SET STORAGE PLAIN', i);
                 EXECUTE format('INSERT INTO slow_%s SELECT repeat(''x'', 3900) FROM generate_series(1, 1200)', i);
                 EXECUTE format('ALTER TABLE slow_%s ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY, OWNER TO {role}', i);
                 EXECUTE format('CREATE POLICY napping ON slow_%s USING (public.nap())', i);
             END LOOP; END $$"
        ));
        Slow { database, role }
    }

    /// Arguments that connect as the role and dump what it may see, over a connection for each table.
    fn arguments(&self) -> Vec<String> {
        let url = self
            .database
            .url()
            .replace("postgres@", &format!("{}@", self.role));
        let jobs = format!("-j{SLOW_TABLES}");
        ["--enable-row-security", &jobs, "-d", &url]
            .map(str::to_owned)
            .into()
    }

    /// Starts a dump of what the role may see, to where backups are.
    fn start_dump(&self, backups: &Backups) -> Running {
        Running::start(
            pgdumprs()
                .args(self.arguments())
                .arg("-f")
                .arg(backups.file()),
        )
    }

    /// Waits until all tables are being read, and returns the process ids of the server's processes that do.
    fn wait_until_read(&self) -> Vec<String> {
        let sql = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'PgSleep'";
        let mut found = Vec::new();
        wait_until("all tables are being read", || {
            found = self.database.psql(sql).lines().map(str::to_owned).collect();
            found.len() == SLOW_TABLES
        });
        found
    }
}

/// Says what could not be tested on this machine, and for want of what. Not by a macro: what tests print is shown only where they fail.
fn not_tested(what: &str, for_want_of: &str) {
    let said = format!("NOT TESTED: {what}, for want of {for_want_of}\n");
    std::io::stderr().write_all(said.as_bytes()).unwrap();
}

/// Waits for something that happens soon.
fn wait_until(what: &str, mut happens: impl FnMut() -> bool) {
    let limit = Instant::now() + SOON;
    while !happens() {
        assert!(Instant::now() < limit, "{what}: not after {SOON:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Checks that the server has nothing to do for a database any more, and that nobody holds anything in it.
fn assert_no_session(database: &Database) {
    let sql = "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
    wait_until("no session is left", || database.psql(sql).is_empty());
}

/// A session of another program that has a table for itself since it began a transaction with this statement.
fn lock(database: &Database, table: &str, statement: &str) -> Session {
    let session = Session::open(database);
    session.say(&format!("BEGIN; {statement};"));
    let sql = format!(
        "SELECT 1 FROM pg_locks WHERE relation = '{table}'::regclass AND mode = 'AccessExclusiveLock' AND granted"
    );
    wait_until("the table is locked", || !database.psql(&sql).is_empty());
    session
}

/// Whether somebody waits for a table of this database. The server has other databases, whose tests wait as well.
fn is_waited_in(database: &Database) -> bool {
    let sql = "SELECT 1 FROM pg_locks WHERE NOT granted
               AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    !database.psql(sql).is_empty()
}

/// A dump of a table of 20 MB into a pipe, of which a part has been read and the rest is not.
fn halfway(arguments: &[&str]) -> (Database, Running) {
    let database = Server::get(Major::V17).database();
    database.execute_sql(
        "CREATE TABLE t AS SELECT g, repeat('x', 1000) FROM generate_series(1, 20000) g",
    );
    let mut command = pgdumprs();
    command
        .args(arguments)
        .args(["-Z0", "-d", &database.url()])
        .stdout(Stdio::piped());
    let mut running = Running::start(&mut command);
    running.read(100_000);
    (database, running)
}
