//! Throwaway servers, and poolers in front of them.

mod account;
mod builder;
mod database;
mod object_store;
mod place;
mod pooler;
mod shared;
mod standby;
mod template;
mod watchdog;

pub use builder::ServerBuilder;
pub use database::{Database, DatabaseOptions};
pub use object_store::{ObjectStore, StoreTraffic};
pub use pooler::{Pooler, PoolerBuilder};

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use anyhow::{Context, Result, ensure};

use crate::tools::{checked_output, try_tool};
use crate::{Major, Release};
use watchdog::Running;

/// The superuser of every test server.
pub(crate) const SUPERUSER: &str = "postgres";

/// A running server; clones share it, and it stops with the last of them.
#[derive(Clone, Debug)]
pub struct Server {
    inner: Arc<Postmaster>,
}

#[derive(Debug)]
struct Postmaster {
    running: Running,
    release: Release,
    data: PathBuf,
    port: u16,
}

impl Server {
    /// This process's server of a release (of a major: of its newest minor), started on first use and shared by all its tests.
    ///
    /// It listens on a socket in a folder of its own and on a free port of 127.0.0.1, trusts every
    /// connection, and has the superuser `postgres`. It is not shared with other processes.
    ///
    /// # Panics
    ///
    /// When it cannot be provisioned or the server does not start, with the reason.
    pub fn get(release: impl Into<Release>) -> Server {
        let release = release.into();
        match Server::try_get(release) {
            Ok(server) => server,
            Err(error) => panic!("a PostgreSQL {release} server: {error:#}"),
        }
    }

    /// Like [`Server::get`].
    ///
    /// # Errors
    ///
    /// When it cannot be provisioned or the server does not start.
    pub fn try_get(release: impl Into<Release>) -> Result<Server> {
        shared::get(release.into())
    }

    /// Prepares a server of one's own, with settings that would disturb other tests.
    pub fn builder(release: impl Into<Release>) -> ServerBuilder {
        ServerBuilder::new(release.into())
    }

    /// Prepares a hot standby of this server, which starts from a copy of what is there now and follows it. It has the same files,
    /// access rules included, and none of the settings that the builder of this server was given.
    ///
    /// What is committed here shows there some time later: see [`Server::catch_up_with`].
    pub fn standby(&self) -> ServerBuilder {
        ServerBuilder::standby_of(self)
    }

    /// Prepares a PgBouncer in front of this server.
    pub fn pooler(&self) -> PoolerBuilder {
        PoolerBuilder::new(self)
    }

    /// The server's major version.
    pub fn major(&self) -> Major {
        self.inner.release.major()
    }

    /// Which of the major's minors this is.
    pub fn release(&self) -> Release {
        self.inner.release
    }

    /// The exact version, such as `17.11 (Debian …)`.
    ///
    /// # Errors
    ///
    /// When the server does not answer.
    pub fn version(&self) -> Result<String> {
        Ok(self
            .run_sql("postgres", "SHOW server_version")?
            .trim()
            .to_owned())
    }

    /// The TCP port on 127.0.0.1; the socket's name holds the same number.
    pub fn port(&self) -> u16 {
        self.inner.port
    }

    /// The folder of the Unix socket.
    pub fn socket_dir(&self) -> &Path {
        self.inner.running.folder()
    }

    /// Starts a server that writes down the statements which it is asked for.
    ///
    /// # Errors
    ///
    /// When it cannot be had or started.
    pub fn telling(major: Major) -> Result<Server> {
        Server::builder(major)
            .setting("log_statement", "all")
            .start()
    }

    /// How often a server that writes down statements was asked for one that begins so.
    ///
    /// # Errors
    ///
    /// When its log cannot be read.
    pub fn times_asked(&self, beginning: &str) -> Result<usize> {
        Ok(self
            .log()?
            .matches(&format!("statement: {beginning}"))
            .count())
    }

    /// What the server has written down so far; statements only where `log_statement` says so.
    ///
    /// # Errors
    ///
    /// When its log cannot be read.
    pub fn log(&self) -> Result<String> {
        let log = std::fs::read(self.socket_dir().join("log")).context("reading a server's log")?;
        Ok(String::from_utf8_lossy(&log).into_owned())
    }

    /// The server's data directory.
    pub fn data_dir(&self) -> &Path {
        &self.inner.data
    }

    /// Sends the postmaster a signal: `INT` is a fast shutdown, `QUIT` an immediate one.
    ///
    /// # Errors
    ///
    /// When it does not run any more.
    pub fn signal(&self, name: &str) -> Result<()> {
        self.inner.running.signal(name)
    }

    /// Stops the server by a signal (see [`Server::signal`]) and starts it again, on the same files and port.
    ///
    /// # Errors
    ///
    /// When it does not run any more, or does not come back within a minute.
    pub fn restart(&self, signal: &str) -> Result<()> {
        let is_ready = |process: &str| builder::says_ready_as(&self.inner.data, process);
        self.inner.running.restart(signal, is_ready)
    }

    /// Makes this standby a server of its own, which takes what is written from then on.
    ///
    /// # Errors
    ///
    /// When it is none, or does not become one within a minute.
    pub fn promote(&self) -> Result<()> {
        let promoted = self.run_sql("postgres", "SELECT pg_promote(true, 60)")?;
        ensure!(promoted.trim() == "t", "the standby is not promoted");
        Ok(())
    }

    /// Connection parameters in libpq's keyword form for a database of this server, through the
    /// socket and as superuser.
    pub fn conninfo(&self, database: &str) -> String {
        format!(
            "host={} port={} user={SUPERUSER} dbname='{}'",
            self.socket_dir().display(),
            self.port(),
            database.replace('\\', r"\\").replace('\'', r"\'")
        )
    }

    /// A connection URL for a database of this server, through TCP and as superuser.
    pub fn url(&self, database: &str) -> String {
        let database: String = database.bytes().map(url_part).collect();
        format!(
            "postgresql://{SUPERUSER}@127.0.0.1:{}/{database}",
            self.port()
        )
    }

    /// Creates an empty UTF-8 database with the C locale. It is dropped with the returned value.
    ///
    /// # Panics
    ///
    /// When the server refuses, with its message.
    pub fn database(&self) -> Database {
        self.database_with(&DatabaseOptions::default())
    }

    /// Creates an empty database with a given encoding and locale.
    ///
    /// # Panics
    ///
    /// When the server refuses, with its message.
    pub fn database_with(&self, options: &DatabaseOptions) -> Database {
        match Database::create(self, options) {
            Ok(database) => database,
            Err(error) => panic!("creating a database: {error:#}"),
        }
    }

    /// Runs one SQL command line in a database and returns what psql printed: columns separated by `|`, no headings, no final newline.
    ///
    /// # Panics
    ///
    /// When it fails, with psql's message.
    pub fn ask(&self, database: &str, sql: &str) -> String {
        match self.run_sql(database, sql) {
            Ok(output) => output.trim_end_matches('\n').to_owned(),
            Err(error) => panic!("SQL in {database}: {error:#}"),
        }
    }

    /// Creates a role of a unique name and returns the name.
    ///
    /// `attributes` is what follows the name in `CREATE ROLE`, such as `LOGIN PASSWORD 'x'`. Roles
    /// belong to the whole server and go with it.
    ///
    /// # Panics
    ///
    /// When the server refuses, with its message.
    pub fn role(&self, attributes: &str) -> String {
        let name = unique_name("role");
        match self.run_sql("postgres", &format!("CREATE ROLE {name} {attributes}")) {
            Ok(_) => name,
            Err(error) => panic!("creating a role: {error:#}"),
        }
    }

    /// Runs SQL with the reference psql and returns what it printed: unaligned, no headings.
    pub(crate) fn run_sql(&self, database: &str, sql: &str) -> Result<String> {
        let mut psql = self.psql(database)?;
        psql.args(["-c", sql]);
        let output = checked_output(&mut psql)?;
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// psql of the reference major, which talks to every supported server.
    pub(crate) fn psql(&self, database: &str) -> Result<std::process::Command> {
        let mut psql = try_tool(Major::REFERENCE, "psql")?;
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .arg(self.conninfo(database));
        Ok(psql)
    }
}

/// A name that no other test of this server uses; the server belongs to this process alone.
pub(crate) fn unique_name(kind: &str) -> String {
    static NEXT: AtomicU32 = AtomicU32::new(1);
    format!("test_{kind}_{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// A byte as it stands in a URL.
fn url_part(byte: u8) -> String {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' | b'-' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    }
}
