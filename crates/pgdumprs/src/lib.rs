#![doc = include_str!("../README.md")]
//!
//! # Dumps
//!
//! A dump runs in one read-only, repeatable-read transaction, and holds `ACCESS SHARE` locks on the tables it dumps. Settings are
//! made with `SET LOCAL` and pinned so that nothing a role, a database or a pooler has set can bend the output.
//!
//! - **What to dump and how** is said to a [`Dump`], with a function for everything that the command line can do.
//! - **Where it goes**: [`Dump::to_file`], [`Dump::to_writer`] for what is async, [`Dump::to_std_writer`] and [`Dump::to_seekable`] for what
//!   blocks, and [`Dump::to_stream`] for the bodies of HTTP requests and responses.
//! - **What it came to** is a [`Report`]; what happens meanwhile comes as [`Event`]s, to a function ([`Dump::watch`]) or as a stream
//!   ([`Dump::events`]). Subscribers to `tracing` see a span for each stage and each table. Nothing is printed.
//! - **What went wrong** is an [`Error`] with a [kind](ErrorKind), the server's SQLSTATE and the sources that it came from. No password is in
//!   any of these.
//! - **Dropping the future** gives a dump up: the server's statements are cancelled and no file is left.
//!
//! # Restores
//!
//! A [`Restore`] takes an archive by any writer, in the custom, directory or tar format, from a file or a reader.
//!
//! ```no_run
//! # async fn example() -> Result<(), pgdumprs::RestoreError> {
//! use pgdumprs::{Adapt, Restore, RestoreEnd};
//!
//! let report = Restore::new("postgresql://app@db.example.com/shop")?
//!     .adapt(Adapt::everything())
//!     .from_file("shop.dump")
//!     .await?;
//! match report.end() {
//!     RestoreEnd::Complete => println!("all is there"),
//!     RestoreEnd::Adapted => println!("{} entries were adapted", report.adaptations.len()),
//!     _ => println!("{} statements were refused", report.failures.len()),
//! }
//! # Ok(())
//! # }
//! ```
//!
//! - **Before the first change** the server is asked what is in the way. [`Restore::plan`] tells that and stops; a restore that would not be
//!   whole is refused, unless [`Restore::regardless`] or [`Restore::adapt`] says otherwise.
//! - **What it came to** is a [`RestoreReport`]: each failure beneath its [`Cause`], rows loaded beside rows archived, what was adapted. What
//!   happens meanwhile comes as [`RestoreEvent`]s.
//! - **Dropping the future** stops it: what was committed stays.
//!
//! # Clones
//!
//! A [`DatabaseClone`] is a dump and a restore in one, without an archive between them: rows go from one server to the other as they are read.
//!
//! ```no_run
//! # async fn example() -> Result<(), pgdumprs::CloneError> {
//! use pgdumprs::DatabaseClone;
//!
//! let report = DatabaseClone::new("postgresql://old.example.com/shop", "postgresql://new.example.com/shop")?
//!     .source(|dump| dump.exclude_table_data("audit.*"))
//!     .run()
//!     .await?;
//! println!("{} tables", report.restore.tables.len());
//! # Ok(())
//! # }
//! ```
//!
//! # Whole servers
//!
//! A [`ServerDump`] dumps all databases of a server into a folder, and what belongs to none of them, such as roles and tablespaces. A [`ServerRestore`] restores a server from it.
//!
//! # Drills
//!
//! A [`Drill`] restores an archive into a database of its own making, compares it with the archive, asks assertions, and drops the database.
//!
//! # Comparisons
//!
//! A [`Diff`] compares two archives, or an archive and a database: definitions one by one, rows by their number and a sum.
//!
//! # Old backups
//!
//! A [`BackupTemplate`] makes names of times, a [`Retention`] has the rules, and a [`Prune`] removes what these do not keep.
//!
//! # Connections
//!
//! [`Dump::new`], [`Restore::new`] and [`DatabaseClone::new`] take connection strings and look at the environment, as libpq does. [`ConnectParams`] are those
//! parameters one by one, for [`Dump::with_params`], [`Restore::with_params`] and [`DatabaseClone::of`], which look at nothing else. A service that has its
//! own already makes them of these: by `ConnectParams::try_from`, of a `tokio_postgres::Config` with the feature `tokio-postgres`, and of sqlx's
//! `PgConnectOptions` with the feature `sqlx`. What cannot be carried over is an error, and what has another meaning here is said there.
//!
//! # Runtime
//!
//! All of it needs a tokio runtime with its I/O and time drivers enabled, of one thread or many. What takes long is done in threads of its own, so
//! that other tasks get their turns.
//!
//! The folder `examples` has a service that streams backups by HTTP, a nightly job that keeps the last few, and two services that use what they know of their
//! databases already: a backup before migrations (`tokio-postgres`) and a rehearsal of migrations on a clone (`sqlx`).

#![deny(clippy::print_stdout, clippy::print_stderr, clippy::dbg_macro)]

mod archive_script;
mod archive_source;
mod archive_stream;
mod blocking;
mod choice;
mod chosen_rows;
mod clone;
mod content;
mod copying;
mod counted;
mod created;
mod data;
mod diff;
mod directory;
mod drill;
mod dump;
mod error;
mod error_kind;
mod event;
mod events;
mod failure_line;
mod file_sum;
mod filter;
mod hint;
mod kinds;
mod lock;
mod member_script;
#[cfg(feature = "object-store")]
mod object;
mod output;
mod patience;
mod pipe;
mod plain;
mod planning;
mod product;
mod prune;
mod report;
mod restore;
mod rows;
mod said;
mod sealed;
mod selection;
mod server;
mod server_backup;
mod server_dump;
mod server_restore;
mod settings;
mod sinks;
mod standby;
mod sync_method;
mod table_data;
mod transaction;
mod tries;
mod verify;
mod watch;
mod writing;

pub use archive_script::ArchiveScript;
pub use archive_source::{ArchiveInput, ArchiveSource, OpenError};
pub use archive_stream::ArchiveStream;
pub use bstr::BString;
pub use choice::Choice;
pub use chosen_rows::ChosenRows;
pub use clone::{
    Checksum, CloneEnd, CloneError, CloneEvent, CloneReport, ComparedKind, Comparison,
    DatabaseClone, KeptArchive, Verification,
};
pub use created::created_text;
pub use diff::{
    Compared, DataComparison, DataKind, Definition, DefinitionDifference, Diff, DiffEnd, DiffError,
    DiffReport, DiffSide, DiffedSide,
};
pub use drill::{
    Assertion, Drill, DrillDatabase, DrillError, DrillEvent, DrillPhase, DrillReport,
    DrilledArchive,
};
pub use dump::Dump;
pub use error::Error;
pub use error_kind::ErrorKind;
pub use event::{Event, Progress};
pub use events::Events;
pub use filter::{FilterError, filtered};
/// Reading archives, with no server and no PostgreSQL program: what they list, what they hold, whether they are sound.
pub use pgdumprs_archive as archive;
pub use pgdumprs_archive::{ArchiveVersion, Compression, CreationTime};
pub use pgdumprs_connect::{
    ConnInfoError, ConnectParams, PasswordRequest, ServerError, wait_for_cancels, without_passwords,
};
pub use pgdumprs_ddl::{ConditionError, Inserts, Sections};
pub use pgdumprs_keep::{KeepReason, Period, PeriodError, Retention, TemplateError};
/// From an archive to the SQL that restores it.
pub use pgdumprs_script as script;
/// Encrypting files with age, and opening them: those that are no archives, too.
#[cfg(feature = "encryption")]
pub use pgdumprs_seal as seal;
#[cfg(feature = "encryption")]
pub use pgdumprs_seal::{Error as SealError, Identities, Passphrase, Recipients};
#[cfg(feature = "object-store")]
pub use pgdumprs_store::{
    Error as ObjectError, ErrorKind as ObjectErrorKind, Folder as ObjectFolder, ObjectReader,
    Place as ObjectPlace, wait_for_aborts,
};
pub use plain::Plain;
pub use prune::{
    BackupFate, BackupTemplate, LeftAlone, Prune, PruneError, PruneReport, PrunedBackup,
};
pub use report::{Lsn, Report, TableReport};
pub use restore::{
    Adapt, AdaptKinds, Adaptation, AdaptedEntry, Analysis, Cause, Concern, Cure, Failure, Fate,
    JournalError, Loss, MissingRoles, Obstacle, PlannedEntry, ProfileChoice, Restore, RestoreEnd,
    RestoreError, RestoreEvent, RestoreOptions, RestorePhase, RestorePlan, RestoreProgress,
    RestoreReport, RestoreSections, RestoreStopped, RoleUse, TableOutcome, Unreached,
    profile_names,
};
pub use server_backup::{BackedUpDatabase, ServerBackup, ServerBackupError, VerifiedFile};
pub use server_dump::{DatabaseReport, ServerDump, ServerDumpEvent, ServerReport};
pub use server_restore::{
    DatabaseRestored, GlobalFailure, GlobalsReport, ServerRestore, ServerRestoreEnd,
    ServerRestoreError, ServerRestoreEvent, ServerRestoreReport,
};
pub use settings::LockWait;
pub use sync_method::SyncMethod;
pub use table_data::{TableDataError, find_table_data};
