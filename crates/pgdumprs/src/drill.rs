//! A drill: an archive restored into a database of its own, compared with that, and the database dropped again.

mod assertions;
mod compare;
mod contents;
mod database;
mod error;
mod money;
mod report;
mod reread;
mod run;

use std::fmt;
use std::pin::Pin;

use pgdumprs_connect::ConnectParams;
use pgdumprs_plan::Adapt;

pub use error::DrillError;
pub use report::{Assertion, DrillDatabase, DrillPhase, DrillReport, DrilledArchive};

use crate::RestoreEvent;

/// Whoever hears of events.
type Watcher = Box<dyn FnMut(DrillEvent) + Send>;

/// What asks a drill to stop.
type Stop = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What happens in a drill.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum DrillEvent {
    /// A part of it begins.
    Began(DrillPhase),
    /// A database of an earlier drill is still there, and nobody is connected to it.
    LeftOver(String),
    /// The database of this drill was made.
    Made(String),
    /// Something of the restore.
    Restore(RestoreEvent),
    /// Something was compared. Its source is the archive, and its target the restored database.
    Compared(crate::Comparison),
}

/// A drill to be made: on which server, and what is asked of the restored database.
///
/// The drill makes a database, restores the archive into it, compares rows, large objects and values of sequences with the archive, asks the
/// assertions, and drops the database, whatever happened meanwhile. It changes no database but the one that it has made.
///
/// Its functions need a tokio runtime with I/O and time. Dropping their futures leaves the database where it is; [`Drill::stop_when`] stops a
/// drill and drops it.
///
/// ```no_run
/// # async fn example() -> Result<(), pgdumprs::DrillError> {
/// use pgdumprs::Drill;
///
/// let report = Drill::new("postgresql://drill.example.com/postgres")?
///     .assertions("SELECT count(*) > 1000 FROM public.orders;")
///     .run("shop.dump")
///     .await?;
/// assert!(report.holds());
/// # Ok(())
/// # }
/// ```
pub struct Drill {
    params: ConnectParams,
    adapt: Adapt,
    jobs: Option<usize>,
    assertions: String,
    keeps: bool,
    stop: Option<Stop>,
    watchers: Vec<Watcher>,
}

impl Drill {
    /// A drill on the server that a connection string names, as libpq takes it; its database is connected to while the drill's is made and dropped.
    ///
    /// What the string leaves open comes from the `PG*` environment variables and the password file.
    ///
    /// # Errors
    ///
    /// [`DrillError::Parameters`] where the string, the environment or the password file is wrong.
    pub fn new(connection: &str) -> Result<Self, DrillError> {
        let params = ConnectParams::parse(connection)?.resolve(|name| std::env::var(name).ok())?;
        Ok(Self::with_params(params))
    }

    /// A drill on the server that `params` name, without a look at the environment.
    pub fn with_params(params: ConnectParams) -> Self {
        Self {
            params,
            adapt: Adapt::everything(),
            jobs: None,
            assertions: String::new(),
            keeps: false,
            stop: None,
            watchers: Vec::new(),
        }
    }

    /// What may be restored otherwise than the archive has it, rather than everything that can be.
    #[must_use]
    pub fn adapt(mut self, adapt: Adapt) -> Self {
        self.adapt = adapt;
        self
    }

    /// Restores over this many connections, rather than as a [`Restore`](crate::Restore) does.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs);
        self
    }

    /// SQL statements, separated by semicolons, each of which must return one row whose only column is true. They are asked one by one, in
    /// sessions that only read, when everything was compared.
    #[must_use]
    pub fn assertions(mut self, sql: impl Into<String>) -> Self {
        self.assertions = sql.into();
        self
    }

    /// Whether the database stays when the drill is over.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.keeps = keep;
        self
    }

    /// Stops the drill when `stop` is done, and drops its database.
    #[must_use]
    pub fn stop_when(mut self, stop: impl Future<Output = ()> + Send + 'static) -> Self {
        self.stop = Some(Box::pin(stop));
        self
    }

    /// Tells `watcher` what happens, from within the drill's task: it should return at once.
    #[must_use]
    pub fn watch(mut self, watcher: impl FnMut(DrillEvent) + Send + 'static) -> Self {
        self.watchers.push(Box::new(watcher));
        self
    }
}

/// Shows what was chosen, and no password.
impl fmt::Debug for Drill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Drill")
            .field("params", &self.params)
            .field("adapt", &self.adapt)
            .field("keeps", &self.keeps)
            .finish_non_exhaustive()
    }
}
