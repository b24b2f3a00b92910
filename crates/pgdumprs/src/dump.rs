//! A dump from connection to finished archive.

use std::io::Write;
use std::path::Path;
use std::time::Instant;

use bstr::BString;
use pgdumprs_archive::{ArchiveVersion, Compression, CreationTime, Entry, Header, Writer};
use pgdumprs_catalog::{Details, Listing};
use pgdumprs_connect::{ConnectParams, ServerVersion, Session};
use pgdumprs_copy::{Job, PART_BYTES, Plan, Settings, Work};
use pgdumprs_ddl::{LargeObjectForm, Options};

use crate::created::local_time;
use crate::data::{event, job, others};
use crate::hint::advised;
use crate::lock::{holders, lock_statements};
use crate::output::{OutputFile, open_stream, sync};
use crate::patience::telling;
use crate::settings::SessionSettings;
use crate::transaction::{self, Begun, Shared, Snapshot};
use crate::writing::write_steps;
use crate::{Error, Event, Report};

/// Connections that read, where nobody says how many: one for each CPU, but not more than this.
const MOST_JOBS: usize = 8;

/// Bytes of memory that each connection needs at least.
const CONNECTION_MEMORY: usize = 2 << 20;

/// Bytes that data may take in memory, where nobody says how many.
const MEMORY: usize = 256 << 20;

/// The oldest server major whose catalogs can be read.
const OLDEST_SERVER: u32 = 13;
/// The newest server major that is known.
const NEWEST_SERVER: u32 = 18;

/// Whoever watches a dump.
type Watcher = Box<dyn FnMut(Event) + Send>;

/// A dump to be made: what to connect to and how to write it.
pub struct Dump {
    params: ConnectParams,
    jobs: usize,
    memory: usize,
    part_bytes: u64,
    compression: Compression,
    archive_version: Option<ArchiveVersion>,
    created: Option<CreationTime>,
    allow_newer_server: bool,
    pub(crate) options: Options,
    pub(crate) settings: SessionSettings,
    pub(crate) sync: bool,
    watcher: Watcher,
}

/// A rendered database, ready to be written.
struct Planned {
    header: Header,
    entries: Vec<Entry>,
    data: Plan,
    /// The snapshot that other connections can read in.
    snapshot: Option<Shared>,
}

impl Dump {
    /// A dump of the database that a connection string names: a URI or `key=value` pairs, as libpq takes them.
    ///
    /// What the string leaves open comes from the `PG*` environment variables and the password file.
    ///
    /// # Errors
    ///
    /// [`Error::Parameters`] where the string, the environment or the password file is wrong.
    pub fn new(connection: &str) -> Result<Self, Error> {
        let params = ConnectParams::parse(connection)?.resolve(|name| std::env::var(name).ok())?;
        Ok(Self::with_params(params))
    }

    /// A dump of the database that `params` name, without a look at the environment.
    pub fn with_params(params: ConnectParams) -> Self {
        // As in pg_dump, the encoding of the client is that of the archive, until another is asked for.
        let encoding = params.get("client_encoding").unwrap_or_default();
        let encoding = Some(encoding.to_owned()).filter(|encoding| !encoding.is_empty());
        Self {
            params,
            jobs: std::thread::available_parallelism().map_or(1, |cpus| cpus.get().min(MOST_JOBS)),
            memory: MEMORY,
            part_bytes: PART_BYTES,
            compression: Compression::GZIP,
            archive_version: None,
            created: None,
            allow_newer_server: false,
            options: Options::default(),
            settings: SessionSettings {
                encoding,
                ..SessionSettings::default()
            },
            sync: true,
            watcher: Box::new(|_| {}),
        }
    }

    /// Reads data over this many connections, at least one, rather than one for each CPU, and eight at most. The archive is the same, byte
    /// for byte, whatever their number. Where the server refuses some, the dump warns and goes on with fewer.
    #[must_use]
    pub fn jobs(mut self, jobs: usize) -> Self {
        self.jobs = jobs.max(1);
        self
    }

    /// Lets data take about this many bytes of memory at most, rather than 256 MiB, whatever the size of the database and the number of
    /// connections: what has been read and waits to be written, and the buffers of connections. The catalogs are not counted.
    #[must_use]
    pub fn memory(mut self, bytes: usize) -> Self {
        self.memory = bytes;
        self
    }

    /// Cuts tables into parts of about this many bytes on disk, rather than 16 MiB. Each part is read over one connection and compressed by
    /// itself, so that this decides the archive's bytes. Smaller parts let more connections share a table and compress a little worse.
    #[must_use]
    pub fn part_bytes(mut self, bytes: u64) -> Self {
        self.part_bytes = bytes;
        self
    }

    /// Compresses data so, rather than by gzip at its default level.
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = compression;
        self
    }

    /// Writes this archive version, rather than the lowest that can hold the compression: 1.14, which every `pg_restore` since
    /// PostgreSQL 12 reads, or 1.15 for lz4 and zstd.
    #[must_use]
    pub fn archive_version(mut self, version: ArchiveVersion) -> Self {
        self.archive_version = Some(version);
        self
    }

    /// Puts this time into the archive's header rather than the current one, so that equal databases make equal files.
    #[must_use]
    pub fn created(mut self, created: CreationTime) -> Self {
        self.created = Some(created);
        self
    }

    /// Goes on, with a warning, where the server is of a major version newer than 18: it is then read as if it were 18. What such a
    /// server has that 18 has not may be missing from the archive without a word.
    #[must_use]
    pub fn allow_newer_server(mut self, allow: bool) -> Self {
        self.allow_newer_server = allow;
        self
    }

    /// Tells `watcher` what happens, from within the dump's task: it should return at once.
    #[must_use]
    pub fn watch(mut self, watcher: impl FnMut(Event) + Send + 'static) -> Self {
        self.watcher = Box::new(watcher);
        self
    }

    /// Dumps into a file, which appears under its name when it is complete and synced, and not otherwise. What has the name of a pipe or
    /// of a device is written to as by [`Dump::to_writer`].
    ///
    /// Dropping the future gives the dump up: what the server does for it is cancelled, its connections are closed, and the unfinished
    /// file is removed. None of that blocks; a process that is to end then should call [`wait_for_cancels`](crate::wait_for_cancels())
    /// first.
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; the file that had the name before, if any, is still there then.
    pub async fn to_file(mut self, path: impl AsRef<Path>) -> Result<Report, Error> {
        let started = Instant::now();
        self.version()?;
        let path = path.as_ref().to_owned();
        let stream = path.clone();
        if let Some(stream) = blocking(move || open_stream(&stream)).await? {
            return self.to_writer(stream).await.map(|(_, report)| report);
        }
        // A folder that cannot be written to is better known before the server is asked for anything.
        let (output, file) = OutputFile::create(&path)?;
        let (mut session, planned) = self.plan().await?;
        let (file, report) = self
            .write(&mut session, planned, started, move |h, e| {
                Writer::seekable(file, h, e)
            })
            .await?;
        if self.sync {
            (self.watcher)(Event::Syncing);
            // The names stay in here: dropping the future removes the file, whatever the disk is at.
            blocking(move || sync(&file, &path)).await?;
        }
        let sync_folder = self.sync;
        blocking(move || output.commit(sync_folder)).await?;
        session.close().await;
        Ok(Report {
            elapsed: started.elapsed(),
            ..report
        })
    }

    /// Dumps into a writer that need not seek, such as a pipe, and gives it back.
    ///
    /// Dropping the future gives the dump up, as for [`Dump::to_file`]. The writer is in a thread's hands, which drops it after the
    /// call of [`Write::write`] that it is in, if any; and so it does where something else than the writer fails.
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; what was written until then is a truncated archive, and readers find it so.
    pub async fn to_writer<W>(mut self, output: W) -> Result<(W, Report), Error>
    where
        W: Write + Send + 'static,
    {
        let started = Instant::now();
        self.version()?;
        let (mut session, planned) = self.plan().await?;
        let (output, report) = self
            .write(&mut session, planned, started, move |h, e| {
                Writer::new(output, h, e)
            })
            .await?;
        session.close().await;
        Ok((output, report))
    }

    /// Connects, reads the catalogs and renders them. The session's transaction stays open, with its snapshot and locks.
    async fn plan(&mut self) -> Result<(Session, Planned), Error> {
        let mut session = Session::connect(&self.params)
            .await
            .map_err(Error::Connect)?;
        let server = session.server_version().clone();
        (self.watcher)(Event::Connected {
            server_version: server.text.clone(),
        });
        self.check_server(&server)?;
        let snapshot = if self.connections() > 1 {
            Snapshot::Share
        } else {
            Snapshot::Keep
        };
        let begun = transaction::begin(&mut session, snapshot, &self.settings);
        let begun = if self.settings.serializable_deferrable {
            // It is what this waits for.
            begun.await
        } else {
            telling(begun, |text| (self.watcher)(Event::Warning(text))).await
        };
        let snapshot = match begun.map_err(Error::Transaction)? {
            Begun::Shared(shared) => Some(shared),
            Begun::Unshared(reason) => {
                (self.watcher)(Event::Warning(format!(
                    "the dump goes on over one connection, because others cannot see what it sees: {}",
                    advised(&reason)
                )));
                None
            }
            Begun::Alone | Begun::Joined | Begun::Elsewhere => None,
        };

        (self.watcher)(Event::ReadingCatalogs);
        let version = self.version()?;
        self.options.large_object_form = if version >= ArchiveVersion::V1_16 {
            LargeObjectForm::Grouped
        } else {
            LargeObjectForm::Single
        };
        let listing = Listing::read(&mut session, &self.options.scope()).await?;
        let database = BString::from(session.target().database.as_str());
        // What takes long in a large schema is done beside the async executor, which must stay responsive.
        let options = self.options.clone();
        let timeout = self.settings.lock_wait_timeout.clone();
        let (dump, tables, locks) = blocking(move || {
            let dump = pgdumprs_ddl::Dump::new(listing, options)?;
            let tables = dump.tables_to_lock();
            let locks = lock_statements(&tables, timeout.as_deref());
            Ok::<_, Error>((dump, tables, locks))
        })
        .await?;
        let count = tables.len();
        (self.watcher)(Event::LockingTables { count });
        if let Err(source) = session.pipeline(&locks).await {
            let holders = holders(&mut session, &tables, &source).await;
            return Err(Error::Lock { holders, source });
        }
        drop((tables, locks));

        (self.watcher)(Event::ReadingDefinitions);
        let details = Details::read(&mut session, dump.listing(), &dump.wanted()).await?;
        let plan = blocking(move || dump.plan(details)).await?;
        for warning in plan.warnings {
            (self.watcher)(Event::Warning(warning));
        }
        let jobs: Vec<Job> = plan
            .data
            .into_iter()
            .map(|data| job(data, self.settings.row_security))
            .collect();
        let tables = jobs
            .iter()
            .filter(|job| matches!(job.work, Work::Table { .. }))
            .count();
        (self.watcher)(Event::Planned {
            entries: plan.entries.len(),
            tables,
        });
        let header = Header {
            version,
            compression: self.compression,
            created: self.created.unwrap_or_else(local_time),
            database: Some(database),
            server_version: Some(server.text),
            dumper_version: Some(concat!("pgdumprs ", env!("CARGO_PKG_VERSION")).into()),
        };
        Ok((
            session,
            Planned {
                header,
                entries: plan.entries,
                data: Plan::new(jobs, self.part_bytes),
                snapshot,
            },
        ))
    }

    /// Copies the data and writes everything, without syncing.
    async fn write<W, F>(
        &mut self,
        session: &mut Session,
        planned: Planned,
        started: Instant,
        open: F,
    ) -> Result<(W, Report), Error>
    where
        W: Write + Send + 'static,
        F: FnOnce(&Header, &[Entry]) -> Result<Writer<W>, pgdumprs_archive::Error> + Send + 'static,
    {
        let Planned {
            header,
            entries,
            data,
            snapshot,
        } = planned;
        let entry_count = entries.len();
        let settings = Settings {
            compression: self.compression,
            memory: self.memory,
        };
        let others = others(self.connections(), session, &data, snapshot, &self.settings);
        let watcher = &mut self.watcher;
        let (copied, written) = pgdumprs_copy::run(
            session,
            others,
            data,
            settings,
            move |steps| write_steps(open(&header, &entries)?, steps),
            |progress| watcher(event(progress)),
        )
        .await;
        let (summary, writer): (_, Writer<W>) = match (copied, written) {
            // Where copying only noticed that the writer was gone, the writer knows why.
            (Err(pgdumprs_copy::Error::WriterStopped) | Ok(_), Some(Err(error))) => {
                return Err(Error::Archive(error));
            }
            (Err(error), _) => return Err(Error::Copy(error)),
            (Ok(summary), Some(Ok(writer))) => (summary, writer),
            (Ok(_), None) => unreachable!("what was copied was written"),
        };
        // Nobody has spoken with the leader since it read its last part. That its transaction is still there proves that its locks held
        // all the time: without them, another connection may have found a table emptied.
        if !transaction::end(session).await.map_err(Error::Ending)? {
            return Err(Error::TransactionLost);
        }
        let archive_bytes = writer.position();
        let output = blocking(move || writer.finish())
            .await
            .map_err(Error::Archive)?;
        let report = Report {
            entries: entry_count,
            tables: summary.tables,
            rows: summary.rows,
            large_objects: summary.large_objects,
            raw_bytes: summary.bytes,
            archive_bytes,
            elapsed: started.elapsed(),
        };
        Ok((output, report))
    }

    /// How many connections may read: no more than there is memory for. Foreign tables are read over one: others could not lock them.
    fn connections(&self) -> usize {
        if self.settings.foreign_tables || !self.options.data {
            1
        } else {
            self.jobs.min((self.memory / CONNECTION_MEMORY).max(1))
        }
    }

    /// The version to write: the one that was asked for or else the lowest that can be written and hold the compression.
    fn version(&self) -> Result<ArchiveVersion, Error> {
        let lowest = self.compression.oldest_version().max(ArchiveVersion::V1_14);
        let version = self.archive_version.unwrap_or(lowest);
        if !version.is_writable() {
            return Err(Error::ArchiveVersion(
                pgdumprs_archive::Error::VersionNotWritable(version),
            ));
        }
        self.compression
            .validate_for(version)
            .map_err(Error::ArchiveVersion)?;
        Ok(version)
    }

    /// Refuses servers that are too old, and those that are too new unless they are allowed.
    fn check_server(&mut self, server: &ServerVersion) -> Result<(), Error> {
        if server.major() < OLDEST_SERVER {
            return Err(Error::OldServer {
                found: server.text.to_string(),
            });
        }
        if server.major() <= NEWEST_SERVER {
            return Ok(());
        }
        if !self.allow_newer_server {
            return Err(Error::NewServer {
                found: server.text.to_string(),
            });
        }
        (self.watcher)(Event::Warning(format!(
            "the server runs PostgreSQL {server}, newer than the {NEWEST_SERVER} that this version of pgdumprs knows: it is \
             dumped as if it were {NEWEST_SERVER}, and what is new in it may be missing from the archive"
        )));
        Ok(())
    }
}

/// Runs what waits for a disk or a pipe in a thread of its own.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    join(tokio::task::spawn_blocking(work).await)
}

/// The value of a blocking task. Such tasks are never cancelled, so that the only error is a panic, which goes on here.
fn join<T>(result: Result<T, tokio::task::JoinError>) -> T {
    result.unwrap_or_else(|error| std::panic::resume_unwind(error.into_panic()))
}
