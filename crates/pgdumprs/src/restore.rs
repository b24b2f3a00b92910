//! A restore to be made, and the choices for it.

mod advice;
mod analyze;
pub(crate) mod archive;
mod cause;
mod error;
mod event;
mod journal;
mod phase;
mod plan;
mod progress;
mod report;
pub(crate) mod run;

use std::fmt;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use pgdumprs_archive::Format;
use pgdumprs_connect::ConnectParams;
use pgdumprs_restore::Settings;

pub use analyze::Analysis;
pub use cause::Cause;
pub use error::RestoreError;
pub use event::RestoreEvent;
pub use pgdumprs_plan::{
    Adapt, AdaptKinds, Adaptation, Concern, Cure, Loss, MissingRoles, Obstacle, ProfileChoice,
    RoleUse, profile_names,
};
pub use pgdumprs_restore::{Error as RestoreStopped, Failure, JournalError, TableOutcome};
pub use pgdumprs_script::{Options as RestoreOptions, Sections as RestoreSections};
pub use phase::RestorePhase;
pub use plan::{Fate, PlannedEntry, RestorePlan};
pub use progress::RestoreProgress;
pub use report::{AdaptedEntry, RestoreEnd, RestoreReport, Unreached};

use crate::ArchiveSource;
use crate::blocking::blocking;
use crate::restore::archive::Opened;
use crate::restore::journal::Place;

/// Whoever hears of events.
type Watcher = Box<dyn FnMut(RestoreEvent) + Send>;

/// A restore to be made: where to, and what of the archive, and how.
///
/// Its functions need a tokio runtime with I/O and time, as those of [`Dump`](crate::Dump) do.
///
/// ```
/// use pgdumprs::{Restore, RestoreEnd, RestoreOptions};
///
/// # async fn example(connection: &str, archive: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
/// let options = RestoreOptions { no_owner: true, ..RestoreOptions::default() };
/// let report = Restore::new(connection)?.options(options).jobs(4).from_file(archive).await?;
/// for failure in &report.failures {
///     println!("{}: {}", failure.entry, failure.error);
/// }
/// assert_eq!(report.end(), RestoreEnd::Complete);
/// # Ok(())
/// # }
/// # let server = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE);
/// # let (source, target) = (server.database(), server.database());
/// # source.execute_sql("CREATE TABLE item AS SELECT generate_series(1, 100) AS id");
/// # let folder = tempfile::tempdir().unwrap();
/// # let archive = folder.path().join("shop.dump");
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(pgdumprs::Dump::new(&source.conninfo()).unwrap().to_file(&archive)).unwrap();
/// # runtime.block_on(example(&target.conninfo(), &archive)).unwrap();
/// # assert_eq!(target.psql("SELECT count(*) FROM item"), "100");
/// ```
pub struct Restore {
    pub(crate) params: ConnectParams,
    pub(crate) options: RestoreOptions,
    adapt: Adapt,
    settings: Settings,
    jobs: Option<usize>,
    regardless: bool,
    journal: Place,
    resumes: bool,
    analyzes: bool,
    format: Option<Format>,
    /// In a lock, so that futures that lend this can go from thread to thread.
    watchers: Mutex<Vec<Watcher>>,
}

/// Dropping a future before it is done gives the restore up: what the server does for it is cancelled, and its connections are closed. What
/// was committed until then stays. None of that blocks; a process that is to end then should call
/// [`wait_for_cancels`](crate::wait_for_cancels()) first.
impl Restore {
    /// A restore into the database that a connection string names: a URI or `key=value` pairs, as libpq takes them.
    ///
    /// What the string leaves open comes from the `PG*` environment variables and the password file.
    ///
    /// # Errors
    ///
    /// [`RestoreError::Parameters`] where the string, the environment or the password file is wrong.
    pub fn new(connection: &str) -> Result<Self, RestoreError> {
        let params = ConnectParams::parse(connection)?.resolve(|name| std::env::var(name).ok())?;
        Ok(Self::with_params(params))
    }

    /// A restore into the database that `params` name, without a look at the environment.
    pub fn with_params(params: ConnectParams) -> Self {
        Self {
            params,
            options: RestoreOptions::default(),
            adapt: Adapt::default(),
            settings: Settings::default(),
            jobs: None,
            regardless: false,
            journal: Place::default(),
            resumes: false,
            analyzes: false,
            format: None,
            watchers: Mutex::default(),
        }
    }

    /// A restore with the same choices into what `params` name, which nobody watches and which keeps no journal. `creates` says whether it makes the
    /// database.
    pub(crate) fn like(&self, params: ConnectParams, creates: bool) -> Self {
        Self {
            params,
            options: RestoreOptions {
                create: creates,
                ..self.options.clone()
            },
            adapt: self.adapt.clone(),
            settings: self.settings.clone(),
            jobs: self.jobs,
            regardless: self.regardless,
            analyzes: self.analyzes,
            journal: Place::default(),
            resumes: false,
            format: None,
            watchers: Mutex::default(),
        }
    }

    /// What of the archive is restored and how, rather than everything: `pg_restore`'s options.
    #[must_use]
    pub fn options(mut self, options: RestoreOptions) -> Self {
        self.options = options;
        self
    }

    /// Takes no archive but one in this format. Which it has is recognised in any case.
    #[must_use]
    pub fn format(mut self, format: Format) -> Self {
        self.format = Some(format);
        self
    }

    /// Restores otherwise than the archive has it what the server would refuse, as far as `adapt` allows. What was adapted stands in the plan
    /// and in the report.
    #[must_use]
    pub fn adapt(mut self, adapt: Adapt) -> Self {
        self.adapt = adapt;
        self
    }

    /// Loads rows and makes indexes over this many connections, at least one, rather than one for each CPU, and eight at most. There is one in
    /// any case where everything is one transaction or a few large ones. Of an archive that comes from a pipe one reads on, and the others help
    /// with its tables and make indexes of those that are in. Where tables are filled that
    /// were there before, whose foreign keys hold already, there is one unless this asks for more.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = Some(jobs.max(1));
        self
    }

    /// Lets data that waits for the connections take about this many bytes of memory, rather than 64 MiB.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.settings.memory = bytes;
        self
    }

    /// Sets the server's parameter `maintenance_work_mem` to this many bytes, for each connection that makes indexes, rather than leaving it
    /// as it is.
    #[must_use]
    pub fn maintenance_work_mem(mut self, bytes: u64) -> Self {
        self.settings.maintenance_work_mem = Some(bytes);
        self
    }

    /// Stops at the first statement that the server refuses, rather than going on and reporting it. A restore in one transaction, or in a few
    /// large ones, always does.
    #[must_use]
    pub fn exit_on_error(mut self, exit: bool) -> Self {
        self.settings.exit_on_error = exit;
        self
    }

    /// Begins also where it can be told beforehand that something will not be restored, as `pg_restore` does. Otherwise such a restore is
    /// refused before anything is changed, by [`RestoreError::Impossible`].
    #[must_use]
    pub fn regardless(mut self, regardless: bool) -> Self {
        self.regardless = regardless;
        self
    }

    /// Leaves out the rows of tables that could not be made, or were there before.
    #[must_use]
    pub fn no_data_for_failed_tables(mut self, leave_out: bool) -> Self {
        self.settings.no_data_for_failed_tables = leave_out;
        self
    }

    /// Keeps each table to one connection, so that its rows are sent in the archive's order. Otherwise a large table that the restore has made is
    /// loaded over several. The server may still put a row where there is room for it; in one transaction with its table, it does not.
    #[must_use]
    pub fn keep_row_order(mut self, keep: bool) -> Self {
        self.settings.shared_from = match keep {
            true => None,
            false => Settings::default().shared_from,
        };
        self
    }

    /// Loads tables over several connections from this many bytes of data in the archive on, rather than 16 MiB.
    #[must_use]
    pub fn share_tables_from(mut self, bytes: u64) -> Self {
        self.settings.shared_from = Some(bytes);
        self
    }

    /// Tries for another connection for this long, rather than a minute, when one is lost. With zero the restore ends there.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.settings.patience = patience;
        self
    }

    /// Keeps a journal in this file, so that [`Restore::resume`] can go on where this restore ends before its end, whatever ended it. It is removed
    /// when the restore is complete. A restore in one transaction or in large ones has none.
    ///
    /// It holds what the server had on its disk, as numbers of entries, and no content of the archive.
    #[must_use]
    pub fn journal(mut self, path: impl Into<PathBuf>) -> Self {
        self.journal = Place::At(path.into());
        self
    }

    /// As [`Restore::journal`], in a file beside the archive, with its name, `.restore-` and eight letters that stand for the target. There is none
    /// for an archive from a pipe, and none with a warning where it cannot be written.
    #[must_use]
    pub fn journal_beside_archive(mut self) -> Self {
        self.journal = Place::Beside;
        self
    }

    /// Goes on with a restore of the same archive, with the same options and into the same database, which has left a journal: beside the archive,
    /// unless [`Restore::journal`] says where. What is done is not done again; what was under way is found out or done again; what has failed is tried
    /// again.
    #[must_use]
    pub fn resume(mut self, resume: bool) -> Self {
        self.resumes = resume;
        if resume && self.journal == Place::Nowhere {
            self.journal = Place::Beside;
        }
        self
    }

    /// Has the server gather planner statistics when everything is in, over as many connections as rows were loaded over: of the tables that were made
    /// or got rows, of partitioned tables that those are parts of, and of materialized views. What is refused makes the restore incomplete; what the
    /// role may not analyze is a warning, as it is for the server.
    #[must_use]
    pub fn analyze(mut self, analyze: bool) -> Self {
        self.analyzes = analyze;
        self
    }

    /// Tells `watcher` what happens, from within the restore's task: it should return at once. May be called several times, for several
    /// watchers.
    #[must_use]
    pub fn watch(mut self, watcher: impl FnMut(RestoreEvent) + Send + 'static) -> Self {
        let watchers = self.watchers.get_mut();
        let watchers = watchers.unwrap_or_else(PoisonError::into_inner);
        watchers.push(Box::new(watcher));
        self
    }

    /// Restores an archive from a file in the custom or tar format, or from a folder in the directory format, whatever its compression. One from
    /// a named pipe is read front to back.
    ///
    /// What the server refuses does not end the restore, unless [`Restore::exit_on_error`] says so: the report has it, and says whether
    /// everything is there.
    ///
    /// # Errors
    ///
    /// [`RestoreError`], before anything was changed.
    #[tracing::instrument(name = "restore", skip_all)]
    pub async fn from_file(self, path: impl AsRef<Path>) -> Result<RestoreReport, RestoreError> {
        self.run_of(ArchiveSource::path(path.as_ref())).await
    }

    /// Restores an archive, wherever it is. One that cannot be opened again is read front to back.
    ///
    /// # Errors
    ///
    /// As for [`Restore::from_file`].
    #[tracing::instrument(name = "restore", skip_all)]
    pub async fn from_source(self, source: &ArchiveSource) -> Result<RestoreReport, RestoreError> {
        self.run_of(source.clone()).await
    }

    /// Restores an archive that is read front to back, as from standard input.
    ///
    /// # Errors
    ///
    /// As for [`Restore::from_file`].
    #[tracing::instrument(name = "restore", skip_all)]
    pub async fn from_std_reader(
        self,
        reader: impl Read + Send + 'static,
    ) -> Result<RestoreReport, RestoreError> {
        self.run_of(ArchiveSource::reader(reader)).await
    }

    /// Asks the server what a restore from this file would come to, and changes nothing.
    ///
    /// # Errors
    ///
    /// As for [`Restore::from_file`], but for [`RestoreError::Impossible`].
    #[tracing::instrument(name = "plan", skip_all)]
    pub async fn plan(self, path: impl AsRef<Path>) -> Result<RestorePlan, RestoreError> {
        self.plan_of(ArchiveSource::path(path.as_ref())).await
    }

    /// As [`Restore::plan`], of an archive wherever it is.
    ///
    /// # Errors
    ///
    /// As for [`Restore::plan`].
    #[tracing::instrument(name = "plan", skip_all)]
    pub async fn plan_source(self, source: &ArchiveSource) -> Result<RestorePlan, RestoreError> {
        self.plan_of(source.clone()).await
    }

    /// As [`Restore::plan`], for an archive of which no more than the table of contents is read.
    ///
    /// # Errors
    ///
    /// As for [`Restore::plan`].
    #[tracing::instrument(name = "plan", skip_all)]
    pub async fn plan_std_reader(
        self,
        reader: impl Read + Send + 'static,
    ) -> Result<RestorePlan, RestoreError> {
        self.plan_of(ArchiveSource::reader(reader)).await
    }

    pub(crate) async fn run_of(self, source: ArchiveSource) -> Result<RestoreReport, RestoreError> {
        let (opening, archive) = (source.clone(), source.as_path().map(Path::to_owned));
        let opened = blocking(move || Opened::source(&opening)).await?;
        self.run(opened, archive.as_deref(), None).await
    }

    pub(crate) async fn plan_of(self, source: ArchiveSource) -> Result<RestorePlan, RestoreError> {
        let opened = blocking(move || Opened::source(&source)).await?;
        self.plan_opened(opened, None).await
    }
}

/// Shows what was chosen, and no password.
impl fmt::Debug for Restore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Restore")
            .field("params", &self.params)
            .field("options", &self.options)
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
