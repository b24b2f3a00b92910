//! A drill, carried out. Whatever happens once the database is there, it ends with dropping that.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use pgdumprs_connect::{ConnectParams, Session};

use super::compare::Comparer;
use super::contents::Contents;
use super::database::{Made, left_over};
use super::{
    Assertion, Drill, DrillDatabase, DrillError, DrillEvent, DrillPhase, DrillReport, assertions,
};
use crate::blocking::blocking;
use crate::failure_line::with_causes;
use crate::{ArchiveSource, Comparison, Restore, RestoreOptions, RestoreReport};

/// What a drill has found so far: it is told also where the drill is stopped.
#[derive(Default)]
struct Found {
    restore: Option<RestoreReport>,
    comparisons: Vec<Comparison>,
    assertions: Vec<Assertion>,
    failures: Vec<String>,
}

/// Who hears of events, from whatever part.
type Watchers = Arc<Mutex<Vec<super::Watcher>>>;

/// How long each part took.
struct Clock {
    watchers: Watchers,
    phases: Vec<(DrillPhase, Duration)>,
    current: Option<(DrillPhase, Instant)>,
}

impl Clock {
    /// Ends the part before, and begins another.
    fn begin(&mut self, phase: DrillPhase) {
        self.end();
        self.current = Some((phase, Instant::now()));
        tell(&self.watchers, &DrillEvent::Began(phase));
    }

    fn end(&mut self) {
        if let Some((phase, began)) = self.current.take() {
            self.phases.push((phase, began.elapsed()));
        }
    }
}

fn tell(watchers: &Watchers, event: &DrillEvent) {
    let mut watchers = watchers.lock().unwrap_or_else(PoisonError::into_inner);
    for watcher in watchers.iter_mut() {
        watcher(event.clone());
    }
}

impl Drill {
    /// Makes a drill of an archive in a file, or in a folder.
    ///
    /// What fails once the database was made stands in the report, and so does whether everything holds: [`DrillReport::holds`].
    ///
    /// # Errors
    ///
    /// [`DrillError`], where no database was made.
    pub async fn run(self, archive: impl AsRef<Path>) -> Result<DrillReport, DrillError> {
        self.run_source(&ArchiveSource::path(archive.as_ref()))
            .await
    }

    /// Makes a drill of an archive, wherever it is. It is read several times, so that no pipe can be one.
    ///
    /// # Errors
    ///
    /// As for [`Drill::run`].
    #[tracing::instrument(name = "drill", skip_all)]
    pub async fn run_source(self, archive: &ArchiveSource) -> Result<DrillReport, DrillError> {
        let (begun, started) = (SystemTime::now(), Instant::now());
        let mut asked = assertions::split(&self.assertions)?;
        if asked.is_empty() && !self.assertions.is_empty() {
            return Err(DrillError::Assertions {
                line: 1,
                problem: "there is no statement",
            });
        }
        let watchers: Watchers = Arc::new(Mutex::new(self.watchers));
        let mut stop = self
            .stop
            .unwrap_or_else(|| Box::pin(std::future::pending()));
        let mut clock = Clock {
            watchers: Arc::clone(&watchers),
            phases: Vec::new(),
            current: None,
        };
        clock.begin(DrillPhase::Read);
        let read = {
            let archive = archive.clone();
            blocking(move || Contents::read(archive))
        };
        let prepared = async {
            // A server that is not there is told before the archive is read for hours.
            let mut session = connect(&self.params).await?;
            let left = left_over(&mut session).await.map_err(DrillError::Connect)?;
            session.close().await;
            for name in left {
                tell(&watchers, &DrillEvent::LeftOver(name));
            }
            read.await
        };
        let contents = tokio::select! {
            contents = prepared => contents?,
            () = &mut stop => return Err(DrillError::Stopped),
        };
        clock.begin(DrillPhase::Create);
        let mut session = connect(&self.params).await?;
        let params = session.at_same_server(&self.params);
        let server_version = session.server_version().text.clone();
        let path = contents.archive.path.clone();
        let name = path.file_name().unwrap_or(path.as_os_str());
        // Not to be stopped: what is half made is neither there nor gone.
        let made = Made::make(
            &mut session,
            &params,
            &contents.entries,
            &name.to_string_lossy(),
        )
        .await;
        session.close().await;
        let made = made?;
        tell(&watchers, &DrillEvent::Made(made.name().to_owned()));
        let mut found = Found::default();
        let work = Work {
            made: &made,
            adapt: self.adapt,
            jobs: self.jobs,
            contents: &contents,
            archive,
            watchers: &watchers,
        };
        let is_stopped = tokio::select! {
            () = work.run(&mut clock, &mut found, &mut asked) => false,
            () = &mut stop => true,
        };
        let contents = Arc::new(contents);
        let looking = Arc::clone(&contents);
        if !blocking(move || looking.is_still_there()).await {
            let replaced = "the archive was replaced or changed meanwhile: what was restored is not what the SHA-256 is of";
            found.failures.push(replaced.to_owned());
        }
        if is_stopped {
            found.failures.push("the drill was stopped".to_owned());
        }
        clock.end();
        let fate = match self.keeps && !is_stopped {
            true => DrillDatabase::Kept,
            false => {
                clock.begin(DrillPhase::Drop);
                match made.drop_from(&params).await {
                    Ok(()) => DrillDatabase::Dropped,
                    Err(error) => DrillDatabase::Left(error),
                }
            }
        };
        clock.end();
        Ok(DrillReport {
            archive: contents.archive.clone(),
            server_version,
            database: made.name().to_owned(),
            fate,
            begun,
            database_adaptations: made.adaptations,
            restore: found.restore,
            comparisons: found.comparisons,
            assertions: found.assertions,
            failures: found.failures,
            phases: clock.phases,
            elapsed: started.elapsed(),
        })
    }
}

async fn connect(params: &ConnectParams) -> Result<Session, DrillError> {
    Session::connect(params).await.map_err(DrillError::Connect)
}

/// What is done in the database.
struct Work<'a> {
    made: &'a Made,
    adapt: crate::Adapt,
    jobs: Option<usize>,
    contents: &'a Contents,
    archive: &'a ArchiveSource,
    watchers: &'a Watchers,
}

impl Work<'_> {
    async fn run(self, clock: &mut Clock, found: &mut Found, asked: &mut Vec<Assertion>) {
        clock.begin(DrillPhase::Restore);
        let watchers = Arc::clone(self.watchers);
        // A subscription of a restored database would be one more of the publisher's, and keep the database from being dropped.
        let options = RestoreOptions {
            no_subscriptions: true,
            ..RestoreOptions::default()
        };
        let mut restore = Restore::with_params(self.made.params().clone())
            .options(options)
            .adapt(self.adapt)
            .analyze(true)
            .watch(move |event| tell(&watchers, &DrillEvent::Restore(event)));
        if let Some(jobs) = self.jobs {
            restore = restore.jobs(jobs);
        }
        let restored = match restore.from_source(self.archive).await {
            Ok(restored) => restored,
            Err(error) => return found.failures.push(with_causes(&error)),
        };
        let restored = found.restore.insert(restored);
        if let Some(error) = &restored.stopped {
            found.failures.push(with_causes(error));
            return;
        }
        clock.begin(DrillPhase::Compare);
        let comparer = Comparer {
            params: self.made.params(),
            contents: self.contents,
            restored,
        };
        let comparisons = &mut found.comparisons;
        comparer
            .run(&mut found.failures, |comparison| {
                tell(self.watchers, &DrillEvent::Compared(comparison.clone()));
                comparisons.push(comparison);
            })
            .await;
        if !asked.is_empty() {
            clock.begin(DrillPhase::Assert);
            assertions::ask(self.made.params(), asked).await;
            found.assertions = std::mem::take(asked);
        }
    }
}
