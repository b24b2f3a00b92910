//! A dump to be made, and the general choices for it.

use std::fmt;
use std::time::SystemTime;

use jiff::Timestamp;
use pgdumprs_archive::{ArchiveVersion, Compression, CreationTime};
use pgdumprs_connect::ConnectParams;
use pgdumprs_copy::PART_BYTES;
use pgdumprs_ddl::Options;

use crate::created::creation_time;
use crate::product::Product;
use crate::sealed::Recipients;
use crate::settings::SessionSettings;
use crate::watch::Watch;
use crate::{Error, Event, Events, SyncMethod};

/// Connections that read, where nobody says how many: one for each CPU, but not more than this.
const MOST_JOBS: usize = 8;

/// Bytes that data may take in memory, where nobody says how many.
const MEMORY: usize = 256 << 20;

/// A dump to be made: what to connect to and how to write it.
///
/// It is made in a tokio runtime that has I/O and time enabled, as `#[tokio::main]` and [`Builder::enable_all`] do: sockets need the one, and
/// how long a busy pooler is waited for needs the other. What takes long is done in threads, so that a runtime of one thread is enough. Of
/// tokio's features, `rt` (or `rt-multi-thread`) is what a caller needs to make a runtime; the others come with this crate.
///
/// # Panics
///
/// The functions that make the dump panic outside a runtime, and in one without I/O or time.
///
/// [`Builder::enable_all`]: tokio::runtime::Builder::enable_all
pub struct Dump {
    pub(crate) params: ConnectParams,
    jobs: usize,
    pub(crate) memory: usize,
    pub(crate) part_bytes: u64,
    compression: Option<Compression>,
    archive_version: Option<ArchiveVersion>,
    pub(crate) created: Option<CreationTime>,
    pub(crate) product: Product,
    /// Who can open it; nobody where it is not encrypted.
    pub(crate) recipients: Option<Recipients>,
    pub(crate) allow_newer_server: bool,
    pub(crate) options: Options,
    pub(crate) settings: SessionSettings,
    pub(crate) sync: bool,
    pub(crate) sync_method: SyncMethod,
    pub(crate) verify: bool,
    /// Whether it is kept which rows are read, for a comparison.
    pub(crate) keeps_rows: bool,
    pub(crate) watch: Watch,
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
            compression: None,
            archive_version: None,
            created: None,
            product: Product::default(),
            recipients: None,
            allow_newer_server: false,
            options: Options::default(),
            settings: SessionSettings {
                encoding,
                ..SessionSettings::default()
            },
            sync: true,
            sync_method: SyncMethod::default(),
            verify: false,
            keeps_rows: false,
            watch: Watch::default(),
        }
    }

    /// Reads data over this many connections, at least one, rather than one for each CPU, and eight at most. The archive is the same, byte
    /// for byte, whatever their number. Where the server refuses some, the dump warns and goes on with fewer, and with one on a standby whose
    /// release would let others do damage there.
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

    /// Reads the file back before it gets its name, as [`archive::Reader::verify`](crate::archive::Reader::verify) does, and compares what
    /// is in it with what was dumped. Only [`Dump::to_file`] and [`Dump::to_directory`] can do that.
    #[must_use]
    pub fn verify(mut self, verify: bool) -> Self {
        self.verify = verify;
        self
    }

    /// Compresses data so, rather than by gzip at its default level. A script ([`Dump::plain`]) is compressed only where this says how,
    /// and as a whole; an archive in the tar format ([`Dump::tar`]) cannot be.
    ///
    /// ```
    /// use pgdumprs::{Compression, Dump};
    ///
    /// # fn example() -> Result<(), Box<dyn std::error::Error>> {
    /// let dump = Dump::new("dbname=shop")?.compression(Compression::ZSTD);
    /// // As on the command line.
    /// let dump = dump.compression("zstd:level=9,long".parse()?);
    /// # Ok(())
    /// # }
    /// # example().unwrap();
    /// ```
    #[must_use]
    pub fn compression(mut self, compression: Compression) -> Self {
        self.compression = Some(compression);
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

    /// As [`Dump::created`], with this time in the local time zone. One that is out of a calendar's reach changes nothing.
    #[must_use]
    pub fn created_at(self, time: SystemTime) -> Self {
        match Timestamp::try_from(time) {
            Ok(time) => self.created(creation_time(time)),
            Err(_) => self,
        }
    }

    /// Goes on, with a warning, where the server is of a major version newer than 19: it is then read as if it were 19. What such a
    /// server has that 19 has not may be missing from the archive without a word.
    #[must_use]
    pub fn allow_newer_server(mut self, allow: bool) -> Self {
        self.allow_newer_server = allow;
        self
    }

    /// Tells `watcher` what happens, from within the dump's task: it should return at once. May be called several times, for several watchers.
    #[must_use]
    pub fn watch(mut self, watcher: impl FnMut(Event) + Send + 'static) -> Self {
        self.watch.add(Box::new(watcher));
        self
    }

    /// What happens, as a stream for another task. It never makes the dump wait, and ends with it.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), pgdumprs::Error> {
    /// use pgdumprs::{Dump, Event};
    ///
    /// let mut dump = Dump::new("dbname=shop")?;
    /// let mut events = dump.events();
    /// tokio::spawn(async move {
    ///     while let Some(event) = events.next().await {
    ///         if let Event::Progress(progress) = event {
    ///             println!("{:.0}%", progress.fraction() * 100.0);
    ///         }
    ///     }
    /// });
    /// dump.to_file("shop.dump").await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn events(&mut self) -> Events {
        let (watcher, events) = Events::new();
        self.watch.add(watcher);
        events
    }

    /// A dump with the same choices of what `params` name, which nobody watches.
    pub(crate) fn like(&self, params: ConnectParams) -> Self {
        Self {
            params,
            compression: self.compression,
            archive_version: self.archive_version,
            created: self.created,
            product: self.product.clone(),
            recipients: self.recipients.clone(),
            options: self.options.clone(),
            settings: self.settings.clone(),
            watch: Watch::default(),
            ..*self
        }
    }

    /// How many connections are to read, if there is memory for them. Foreign tables are read over one: others could not lock them.
    pub(crate) fn connections(&self) -> usize {
        if self.settings.foreign_tables || !self.options.data {
            1
        } else {
            self.jobs
        }
    }

    /// How data is compressed.
    pub(crate) fn compressed_by(&self) -> Compression {
        let default = self.product.compression();
        self.compression.unwrap_or(default)
    }

    /// The version to write: the one that was asked for or else the lowest that can be written and hold the compression.
    pub(crate) fn version(&self) -> Result<ArchiveVersion, Error> {
        let compression = self.compressed_by();
        let lowest = compression.oldest_version().max(ArchiveVersion::V1_14);
        let version = self.archive_version.unwrap_or(lowest);
        if !version.is_writable() {
            return Err(Error::ArchiveVersion(
                pgdumprs_archive::Error::VersionNotWritable(version),
            ));
        }
        compression
            .validate_for(version)
            .map_err(Error::ArchiveVersion)?;
        Ok(version)
    }
}

/// Shows what was chosen, and no password.
impl fmt::Debug for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dump")
            .field("params", &self.params)
            .field("jobs", &self.jobs)
            .field("memory", &self.memory)
            .field("part_bytes", &self.part_bytes)
            .field("compression", &self.compression)
            .field("archive_version", &self.archive_version)
            .field("created", &self.created)
            .field("product", &self.product)
            .field("recipients", &self.recipients)
            .field("allow_newer_server", &self.allow_newer_server)
            .field("options", &self.options)
            .field("settings", &self.settings)
            .field("sync", &self.sync)
            .field("sync_method", &self.sync_method)
            .finish_non_exhaustive()
    }
}
