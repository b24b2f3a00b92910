//! From a connection to a rendered database: what is dumped, and how it is divided.

use std::collections::HashMap;

use bstr::BString;
use jiff::Timestamp;
use pgdumprs_archive::{ArchiveVersion, Entry, Header};
use pgdumprs_catalog::{Details, Listing, replaced_files};
use pgdumprs_connect::{Error as Cause, Session};
use pgdumprs_copy::{Job, Plan, Work};
use pgdumprs_ddl::{LargeObjectForm, TableRows};
use tracing::debug_span;

use crate::blocking::blocking;
use crate::chosen_rows::{self, ChosenRows};
use crate::created::creation_time;
use crate::data::{job, table_rows};
use crate::hint::{advised, hosted_pooler};
use crate::lock::{holders, lock_statements, named, waited_for, waits};
use crate::patience::{noticing, telling};
use crate::transaction::{self, Begun, Unshared};
use crate::tries::Tries;
use crate::{Choice, Dump, Error, Event, server, standby};

/// A rendered database, ready to be written.
pub(crate) struct Planned {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) data: Plan,
    /// Which rows are read of each table, by the number of their entry, where that is kept.
    pub(crate) rows: HashMap<i32, TableRows>,
    /// The transaction that it was read in.
    pub(crate) begun: Begun,
    /// Tables of which not all rows are dumped.
    pub(crate) chosen: Vec<ChosenRows>,
    /// How often reading it was begun.
    pub(crate) tries: usize,
}

/// What was read, and in which transaction.
struct Read {
    begun: Begun,
    chosen: Vec<ChosenRows>,
    plan: pgdumprs_ddl::Plan,
}

impl Dump {
    /// Connects, reads the catalogs and renders them. The session's transaction stays open, with its snapshot and locks.
    ///
    /// Where the database changed meanwhile, it is read anew in another transaction: nothing has been written yet.
    pub(crate) async fn plan(&mut self) -> Result<(Session, Planned), Error> {
        let mut session = self.connect().await?;
        let mut tries = Tries::first(self.settings.snapshot.is_none());
        let Read {
            begun,
            mut chosen,
            plan,
        } = loop {
            let error = match self.read(&mut session).await {
                Ok(read) => break read,
                Err(error) => error,
            };
            let (reason, pause) = tries.next(error)?;
            self.watch.tell(Event::TryingAgain {
                attempt: tries.begun(),
                reason,
            });
            session.query("ROLLBACK").await.map_err(Error::Ending)?;
            tokio::time::sleep(pause).await;
        };

        let _plan = debug_span!("plan").entered();
        for warning in plan.warnings {
            self.watch.tell(Event::Warning(warning));
        }
        let encoding = session.client_encoding();
        let rows = match self.keeps_rows {
            true => table_rows(&plan.data),
            false => HashMap::new(),
        };
        let jobs: Vec<Job> = plan
            .data
            .into_iter()
            .map(|data| job(data, self.settings.row_security, encoding))
            .collect();
        let tables = jobs
            .iter()
            .filter(|job| matches!(job.work, Work::Table { .. }))
            .count();
        ChosenRows::note_entries(&mut chosen, &jobs);
        let data = Plan::new(jobs, self.part_bytes);
        self.watch.planned(plan.entries.len(), tables, data.bytes());
        let header = Header {
            version: self.version()?,
            compression: self.compressed_by(),
            created: self
                .created
                .unwrap_or_else(|| creation_time(Timestamp::now())),
            database: Some(BString::from(session.target().database.as_str())),
            server_version: Some(session.server_version().text.clone()),
            dumper_version: Some(concat!("pgdumprs ", env!("CARGO_PKG_VERSION")).into()),
        };
        Ok((
            session,
            Planned {
                header,
                entries: plan.entries,
                data,
                rows,
                begun,
                chosen,
                tries: tries.begun(),
            },
        ))
    }

    /// Begins the transaction, and reads in it what is dumped.
    async fn read(&mut self, session: &mut Session) -> Result<Read, Error> {
        let begun = self.begin(session).await;
        self.hear(session);
        let begun = begun?;
        let dump = self.list(session).await;
        self.hear(session);
        let dump = self.lock(session, dump?).await;
        self.hear(session);
        let dump = dump?;
        let chosen = chosen_rows::check(session, &dump).await;
        self.hear(session);
        let chosen = chosen?;
        let plan = self.detail(session, dump).await;
        self.hear(session);
        Ok(Read {
            begun,
            chosen,
            plan: plan?,
        })
    }

    /// Tells what the server has said since the last time.
    pub(crate) fn hear(&mut self, session: &mut Session) {
        let notices = session.take_notices();
        self.watch.said(None, notices);
    }

    /// Opens the session.
    #[tracing::instrument(level = "debug", skip_all)]
    pub(crate) async fn connect(&mut self) -> Result<Session, Error> {
        let mut session = Session::connect(&self.params)
            .await
            .map_err(Error::Connect)?;
        let target = session.target();
        tracing::debug!(
            host = target.host,
            port = target.port,
            user = target.user,
            database = target.database,
            "session opened"
        );
        let server = session.server_version();
        self.watch.tell(Event::Connected {
            server_version: server.text.clone(),
        });
        if let Some(warning) = server::check(server, self.allow_newer_server)? {
            self.watch.tell(Event::Warning(warning));
        }
        self.hear(&mut session);
        if let Some(pooler) = hosted_pooler(&session.target().host) {
            self.watch.tell(Event::Hint(format!(
                "{pooler}, where a dump takes no connections from the pool's other clients"
            )));
        }
        Ok(session)
    }

    /// Begins the transaction.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn begin(&mut self, session: &mut Session) -> Result<Begun, Error> {
        if self.settings.snapshot.is_some() && standby::is_unsafe(session).await? {
            return Err(Error::StandbySnapshot {
                found: session.server_version().to_string(),
                fix: standby::releases(session.server_version()),
            });
        }
        let begun = transaction::begin(session, self.connections() > 1, &self.settings);
        let begun = if self.settings.serializable_deferrable {
            // It is what this waits for.
            begun.await
        } else {
            telling(begun, |text| self.watch.tell(Event::Warning(text))).await
        };
        let begun = begun?;
        match &begun.unshared {
            Some(Unshared::Refused(reason)) => self.watch.warn_once(format!(
                "all is read over one connection, because others cannot see what it sees: {}",
                advised(reason)
            )),
            Some(Unshared::Standby) => {
                let alone = standby::alone(session.server_version());
                self.watch.warn_once(alone);
            }
            None => {}
        }
        tracing::debug!(
            lsn = begun.lsn.map(tracing::field::display),
            "snapshot taken"
        );
        Ok(begun)
    }

    /// Lists the objects of the database and decides which are dumped.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn list(&mut self, session: &mut Session) -> Result<pgdumprs_ddl::Dump, Error> {
        self.watch.tell(Event::ReadingCatalogs);
        let is_grouped = self.product.is_script() || self.version()? >= ArchiveVersion::V1_16;
        self.options.large_object_form = if is_grouped {
            LargeObjectForm::Grouped
        } else {
            LargeObjectForm::Single
        };
        let listing = Listing::read(session, &self.options.scope()).await?;
        // What takes long in a large schema is done beside the async executor, which must stay responsive.
        let options = self.options.clone();
        Ok(blocking(move || pgdumprs_ddl::Dump::new(listing, options)).await?)
    }

    /// Locks the tables that are dumped, and sees to it that those whose rows are dumped are still what the snapshot shows.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn lock(
        &mut self,
        session: &mut Session,
        dump: pgdumprs_ddl::Dump,
    ) -> Result<pgdumprs_ddl::Dump, Error> {
        let timeout = self.settings.lock_wait_timeout.clone();
        let (dump, tables, statements, looks) = blocking(move || {
            let tables = dump.tables_to_lock();
            let mut statements = lock_statements(&tables, timeout.as_deref());
            let read = dump.tables_to_read();
            let looks = dump.listing().server.shows_files && !read.is_empty();
            if looks {
                statements.push(replaced_files(&read).into());
            }
            (dump, tables, statements, looks)
        })
        .await;
        let count = tables.len();
        self.watch.tell(Event::LockingTables { count });
        let another = session.another();
        // Boxed, since opening a connection would take much of the stack of every dump.
        let waiting = Box::pin(async {
            let who = waited_for(another, &tables).await;
            self.watch.tell(Event::Warning(waits(&who)));
        });
        let answers = match noticing(session.pipeline(&statements), waiting).await {
            Ok(answers) => answers,
            Err(source) => {
                // The first of the statements sets the limit, where there is one.
                let is_limit = matches!(source, Cause::Statement { index: Some(0), .. });
                if let Some(limit) = self.settings.lock_wait_timeout.clone().filter(|_| is_limit) {
                    let choice = Choice::LockWaitTimeout(limit);
                    return Err(Error::Choice { choice, source });
                }
                let holders = holders(session, &tables, &source).await;
                return Err(Error::Lock { holders, source });
            }
        };
        let replaced = answers.last().filter(|_| looks).map(named);
        match replaced {
            Some(tables) if !tables.is_empty() => Err(Error::Replaced { tables }),
            _ => Ok(dump),
        }
    }

    /// Reads the details of what is dumped, and renders it.
    #[tracing::instrument(level = "debug", skip_all)]
    async fn detail(
        &mut self,
        session: &mut Session,
        dump: pgdumprs_ddl::Dump,
    ) -> Result<pgdumprs_ddl::Plan, Error> {
        self.watch.tell(Event::ReadingDefinitions);
        let details = Details::read(session, dump.listing(), &dump.wanted()).await?;
        Ok(blocking(move || dump.plan(details)).await?)
    }
}
