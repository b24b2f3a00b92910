//! A restore, carried out: from the table of contents by way of the plan to the report.

use std::error::Error as _;
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use std::time::Instant;

use pgdumprs_archive::{Entry, Header};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_restore::{Identity, Journal, Progress};
use pgdumprs_script::{Pass, Script};

use super::analyze::Analyst;
use super::archive::Opened;
use super::cause::Causes;
use super::journal::{self, Place};
use super::phase::Clock;
use super::progress::Follower;
use super::report::Circumstances;
use super::{
    AdaptedEntry, JournalError, Restore, RestoreError, RestoreEvent, RestoreOptions, RestorePhase,
    RestorePlan, RestoreReport,
};
use crate::blocking::blocking;

/// Connections that load rows, where nobody says how many: one for each CPU, but not more than this.
const MOST_JOBS: usize = 8;

/// Opens the first session.
pub(crate) async fn connect(params: &ConnectParams) -> Result<Session, RestoreError> {
    let session = Session::connect(params).await;
    session.map_err(RestoreError::Connect)
}

impl Restore {
    /// Tells what would become of an archive, over a session that may be open already.
    pub(crate) async fn plan_opened(
        self,
        opened: Opened,
        session: Option<Session>,
    ) -> Result<RestorePlan, RestoreError> {
        opened.check(self.format)?;
        let params = self.params;
        let script =
            blocking(move || Script::new(&opened.header, opened.entries, &self.options)).await?;
        let mut session = match session {
            Some(session) => session,
            None => connect(&params).await?,
        };
        let made = RestorePlan::make(&mut session, &script, &self.adapt).await;
        session.close().await;
        let (_, plan) = made.map_err(RestoreError::Plan)?;
        Ok(plan)
    }

    /// Restores an archive, over a session that may be open already; `archive` is where it is.
    pub(crate) async fn run(
        mut self,
        mut opened: Opened,
        archive: Option<&Path>,
        session: Option<Session>,
    ) -> Result<RestoreReport, RestoreError> {
        let started = Instant::now();
        opened.check(self.format)?;
        let is_unchanged = opened.take_check();
        let Opened {
            header,
            entries,
            source,
            sizes,
            ..
        } = opened;
        let options = self.options.clone();
        let (mut script, header) = blocking(move || {
            Script::new(&header, entries, &options).map(|script| (script, header))
        })
        .await?;
        let mut warnings: Vec<String> = script.warnings().iter().map(ToString::to_string).collect();
        for warning in &warnings {
            self.tell(RestoreEvent::Warning(warning.clone()));
        }
        let mut clock = Clock::new();
        let mut session = match session {
            Some(session) => session,
            None => connect(&self.params).await?,
        };
        clock.ended(RestorePhase::Connect, started);
        let server_version = session.server_version().text.clone();
        let database = session.target().database.clone();
        self.tell(RestoreEvent::Connected {
            server_version: server_version.clone(),
        });
        let (path, identity) = self
            .identity(&mut session, &header, &script, archive)
            .await?;
        let mut journal = match &path {
            Some(path) if self.resumes => Some(journal::open(path, identity.clone(), true)?),
            _ => None,
        };
        let mut adaptations = Vec::new();
        let mut there_before = None;
        let asked = Instant::now();
        match RestorePlan::make(&mut session, &script, &self.adapt).await {
            // What an earlier run has made is there, and in nobody's way.
            Ok((_, plan)) if !self.regardless && !self.resumes && !plan.is_possible() => {
                session.close().await;
                return Err(RestoreError::Impossible(Box::new(plan)));
            }
            Ok((adapted_script, plan)) => {
                script = adapted_script;
                adaptations = plan.adapted().map(AdaptedEntry::from).collect();
                there_before = Some(plan.there_before());
                for concern in &plan.concerns {
                    let warning = format!("{concern}: {}", concern.advice());
                    warnings.push(warning.clone());
                    self.tell(RestoreEvent::Warning(warning));
                }
            }
            // It goes on without: only where a connection is lost later, that makes a difference.
            Err(error) if self.regardless && self.adapt.is_nothing() && !error.ends_session() => {}
            Err(error) => return Err(RestoreError::Plan(error)),
        }
        clock.ended(RestorePhase::Plan, asked);
        for entry in &adaptations {
            self.tell(RestoreEvent::Adapted(entry.clone()));
        }
        if let (Some(path), None) = (&path, &journal) {
            match self.begin_journal(path, identity)? {
                Ok(begun) => journal = Some(begun),
                Err(warning) => {
                    warnings.push(warning.clone());
                    self.tell(RestoreEvent::Warning(warning));
                }
            }
        }
        if let Some(journal) = &journal {
            self.tell(RestoreEvent::Journal(journal.path().to_owned()));
        }
        let params = self.params.clone();
        let mut settings = self.settings.clone();
        settings.jobs = self.connections();
        let whole = script.clone();
        let entries = whole.entries();
        let mut causes = Causes::new(entries);
        let mut follower = Follower::new(&whole, header.compression, &sizes);
        let wanted = follower.progress();
        self.tell(RestoreEvent::Began {
            entries: wanted.entries_planned,
            tables: wanted.tables_planned,
        });
        let heard = |progress: Progress| {
            let is_step = match &progress {
                Progress::Begun { entry, pass } => {
                    clock.heard(*pass, &entries[*entry]);
                    follower.begun(*entry);
                    false
                }
                Progress::Ended { entry, pass } => {
                    clock.heard(*pass, &entries[*entry]);
                    if *pass != Pass::Drop {
                        follower.ended(*entry);
                    }
                    true
                }
                Progress::Sent { bytes } => {
                    follower.sent(*bytes);
                    true
                }
                _ => false,
            };
            for event in RestoreEvent::of(progress, entries, &mut causes) {
                if let RestoreEvent::Warning(warning) = &event {
                    warnings.push(warning.clone());
                }
                self.tell(event);
            }
            if is_step {
                self.tell(RestoreEvent::Progress(follower.progress()));
            }
        };
        let mut outcome = pgdumprs_restore::run(
            session,
            &params,
            script,
            source,
            &settings,
            (there_before, journal),
            heard,
        )
        .await;
        if outcome.stopped.is_none() && !blocking(is_unchanged).await {
            outcome.stopped = Some(pgdumprs_restore::Error::ArchiveChanged);
        }
        let is_carried_out = outcome.stopped.is_none() && !outcome.rolled_back;
        let mut analysis = None;
        if self.analyzes && is_carried_out {
            self.tell(RestoreEvent::Analyzing);
            let (found, said) = self.analyst(entries).run(&whole).await;
            analysis = Some(found);
            for warning in said {
                warnings.push(warning.clone());
                self.tell(RestoreEvent::Warning(warning));
            }
        }
        let known = Circumstances {
            header: &header,
            entries,
            wanted: wanted.entries_planned,
            database,
            server_version,
            adaptations,
            causes: causes.into_causes(),
            warnings,
            analysis,
            phases: clock.durations(),
            elapsed: started.elapsed(),
        };
        Ok(RestoreReport::new(outcome, known))
    }

    /// How to connect to what `entries` were restored into: the database that they have made, where they have made one.
    pub(crate) fn restored_at(&self, entries: &[Entry]) -> ConnectParams {
        let mut params = self.params.clone();
        let made = entries.iter().find(|entry| entry.descriptor == "DATABASE");
        if let Some(name) = made
            .and_then(|made| made.tag.as_ref())
            .filter(|_| self.options.create)
        {
            params.set_dbname(name.to_string());
        }
        params
    }

    /// What gathers statistics.
    fn analyst(&self, entries: &[Entry]) -> Analyst {
        Analyst {
            params: self.restored_at(entries),
            role: self.options.role.clone(),
            jobs: self.connections(),
        }
    }

    /// How many connections load rows.
    pub(crate) fn connections(&self) -> usize {
        self.jobs.unwrap_or_else(|| match self.options {
            // The tables may have foreign keys, and rows that come in another order break them.
            RestoreOptions {
                data_only: true, ..
            }
            | RestoreOptions {
                no_schema: true, ..
            } => 1,
            _ => std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST_JOBS)),
        })
    }

    /// Begins a journal; a warning where none can be, though none was asked for by its name.
    fn begin_journal(
        &self,
        path: &Path,
        identity: Identity,
    ) -> Result<Result<Journal, String>, RestoreError> {
        match journal::open(path, identity, false) {
            Ok(journal) => Ok(Ok(journal)),
            Err(error @ JournalError::Io { .. }) if self.journal == Place::Beside => {
                let reason = error.source().map(ToString::to_string);
                Ok(Err(format!(
                    "{error}, and the restore cannot be gone on with if it is killed: {}",
                    reason.unwrap_or_default()
                )))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Where the journal is, if there is one, and what it belongs to.
    async fn identity(
        &self,
        session: &mut Session,
        header: &Header,
        script: &Script,
        archive: Option<&Path>,
    ) -> Result<(Option<PathBuf>, Identity), RestoreError> {
        let options = &self.options;
        let is_transaction = options.single_transaction || options.transaction_size.is_some();
        if is_transaction && self.resumes {
            return Err(JournalError::OneTransaction.into());
        }
        let mut identity = Identity {
            archive: String::new(),
            target: String::new(),
            options: journal::options(&[
                options,
                &self.adapt,
                &self.settings.no_data_for_failed_tables,
            ]),
        };
        if is_transaction || self.journal == Place::Nowhere {
            return Ok((None, identity));
        }
        let target = journal::target(session).await.map_err(RestoreError::Plan)?;
        let path = self.journal.path(archive, &target);
        if path.is_none() && self.resumes {
            return Err(RestoreError::NoPlaceForJournal);
        }
        let (header, script) = (header.clone(), script.clone());
        identity.archive =
            blocking(move || Ok::<_, RestoreError>(journal::archive(&header, script.entries())))
                .await?;
        identity.target = target;
        Ok((path, identity))
    }

    fn tell(&mut self, event: RestoreEvent) {
        event.log();
        let watchers = self.watchers.get_mut();
        for watcher in watchers.unwrap_or_else(PoisonError::into_inner) {
            watcher(event.clone());
        }
    }
}
