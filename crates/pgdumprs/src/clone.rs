//! A database to be cloned into another, and the choices for it.

mod archive;
mod error;
mod event;
mod report;
mod run;
mod same;
pub(crate) mod verify;

use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use pgdumprs_connect::{ConnInfoError, ConnectParams};

pub use archive::KeptArchive;
pub use error::CloneError;
pub use event::CloneEvent;
pub use report::{CloneEnd, CloneReport};
pub use verify::{Checksum, ComparedKind, Comparison, Verification};

use crate::{Dump, Restore};

/// Variables of the environment that say where files are, and nothing of any server.
const OF_NO_SERVER: [&str; 6] = [
    "HOME",
    "USER",
    "LOGNAME",
    "PGPASSFILE",
    "PGSERVICEFILE",
    "PGSYSCONFDIR",
];

/// A database to be cloned into another, of the same server or not: its definitions are read and made there, and rows go from one server to the other
/// while they are read, over several pairs of connections, uncompressed and without a file between them.
///
/// It is a [`Dump`] whose entries stay in memory, and a [`Restore`] of those. What is cloned is said to the one ([`DatabaseClone::source`]), how it
/// is made to the other ([`DatabaseClone::target`]). All of it is what one snapshot of the source shows.
///
/// Its functions need a tokio runtime with I/O and time, as those of [`Dump`] do.
///
/// ```
/// use pgdumprs::{CloneEnd, DatabaseClone};
///
/// # async fn example(source: &str, target: &str) -> Result<(), pgdumprs::CloneError> {
/// let report = DatabaseClone::new(source, target)?
///     .source(|dump| dump.exclude_table_data("log"))
///     .target(|restore| restore.jobs(4))
///     .run()
///     .await?;
/// assert_eq!(report.end(), CloneEnd::Complete);
/// # Ok(())
/// # }
/// # let server = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE);
/// # let (source, target) = (server.database(), server.database());
/// # source.execute_sql("CREATE TABLE item AS SELECT generate_series(1, 100) AS id; CREATE TABLE log AS TABLE item");
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(example(&source.conninfo(), &target.conninfo())).unwrap();
/// # assert_eq!(target.psql("SELECT (SELECT count(*) FROM item), (SELECT count(*) FROM log)"), "100|0");
/// ```
pub struct DatabaseClone {
    dump: Dump,
    restore: Restore,
    verifies: bool,
    archive: Option<PathBuf>,
    watchers: Vec<Watcher>,
}

/// Whoever hears of what is of neither side.
type Watcher = Box<dyn FnMut(CloneEvent) + Send>;

/// Dropping a future before it is done gives the clone up: what both servers do for it is cancelled, and its connections are closed. What the target
/// has committed until then stays. None of that blocks; a process that is to end then should call
/// [`wait_for_cancels`](crate::wait_for_cancels()) first.
impl DatabaseClone {
    /// A clone of the database that one connection string names into that of another: URIs or `key=value` pairs, as libpq takes them.
    ///
    /// What the source's string leaves open comes from the `PG*` environment variables and the password file. They say nothing of the target: see
    /// [`DatabaseClone::resolve_target`].
    ///
    /// # Errors
    ///
    /// [`CloneError::Source`] and [`CloneError::Target`] where a string, the environment or a file is wrong.
    pub fn new(source: &str, target: &str) -> Result<Self, CloneError> {
        let dump = Dump::new(source)?;
        let target = ConnectParams::parse(target).and_then(Self::resolve_target);
        let target = target.map_err(|error| CloneError::Target(error.into()))?;
        Ok(Self::of(dump, Restore::with_params(target)))
    }

    /// A clone of the database that `dump` is of into the one that `restore` is into.
    pub fn of(dump: Dump, restore: Restore) -> Self {
        Self {
            dump,
            restore,
            verifies: false,
            archive: None,
            watchers: Vec::new(),
        }
    }

    /// Fills in what a target's parameters leave open: from the service that they name, from the password file and, for the user, from the operating
    /// system. Of the environment nothing counts but where such files are: it is the source's.
    ///
    /// # Errors
    ///
    /// [`ConnInfoError`] where the service is not defined or its file is wrong.
    pub fn resolve_target(target: ConnectParams) -> Result<ConnectParams, ConnInfoError> {
        let variable = |name: &str| match OF_NO_SERVER.contains(&name) {
            true => std::env::var(name).ok(),
            false => None,
        };
        target.resolve(variable)
    }

    /// Says what of the source is cloned, and how it is read. What concerns archives alone has a bearing where one is kept
    /// ([`DatabaseClone::archive`]): how it is compressed and written.
    #[must_use]
    pub fn source(mut self, choose: impl FnOnce(Dump) -> Dump) -> Self {
        self.dump = choose(self.dump);
        self
    }

    /// Says how it is made on the target. There is nothing to be resumed and no journal: another clone begins with another snapshot.
    ///
    /// The number of connections, [`Restore::jobs`], is that of pairs of them.
    #[must_use]
    pub fn target(mut self, choose: impl FnOnce(Restore) -> Restore) -> Self {
        self.restore = choose(self.restore);
        self
    }

    /// Whether both servers make checksums of all rows, large objects and values of sequences when everything is in, which are compared. They read all
    /// of it once more, over as many connections as cloned it. What is not equal makes the clone incomplete: [`CloneReport::verification`] has it.
    ///
    /// Tables whose rows were not all taken are not compared, nor what was adapted. Rows that a table had before the clone count as different.
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.verifies = verify;
        self
    }

    /// Keeps an archive in this file of what is cloned, of the same snapshot: the one that [`Dump::to_file`] would write, byte for byte.
    ///
    /// It is written while rows go to the target, which never waits for the archive, from the same answers of the source; where something has not gone to
    /// the target, it is read for the archive alone. What comes before its turn waits in memory and in a temporary file in the archive's folder, which
    /// can become as large as the archive. The file has its name when all of it is proved to be one state of the source, whatever has become of the
    /// target. Without it the clone is incomplete: [`CloneReport::archive`] says why.
    ///
    /// Only archives in the custom format can be kept, and in files.
    #[must_use]
    pub fn archive(mut self, path: impl Into<PathBuf>) -> Self {
        self.archive = Some(path.into());
        self
    }

    /// Tells `watcher` what happens on both sides, from within the clone's task: it should return at once. May be called several times, for several
    /// watchers.
    #[must_use]
    pub fn watch(mut self, watcher: impl FnMut(CloneEvent) + Send + 'static) -> Self {
        let watcher = Arc::new(Mutex::new(watcher));
        let of_target = Arc::clone(&watcher);
        let of_both = Arc::clone(&watcher);
        self.watchers.push(Box::new(move |event| {
            let mut watcher = of_both.lock().unwrap_or_else(PoisonError::into_inner);
            watcher(event);
        }));
        self.dump = self.dump.watch(move |event| {
            let mut watcher = watcher.lock().unwrap_or_else(PoisonError::into_inner);
            watcher(CloneEvent::Source(event));
        });
        self.restore = self.restore.watch(move |event| {
            let mut watcher = of_target.lock().unwrap_or_else(PoisonError::into_inner);
            watcher(CloneEvent::Target(event));
        });
        self
    }
}

/// Shows what was chosen, and no password.
impl fmt::Debug for DatabaseClone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseClone")
            .field("dump", &self.dump)
            .field("restore", &self.restore)
            .field("verifies", &self.verifies)
            .field("archive", &self.archive)
            .finish_non_exhaustive()
    }
}
