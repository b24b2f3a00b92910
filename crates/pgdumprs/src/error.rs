//! What can keep a dump from being made.

use std::io;
use std::path::PathBuf;

use bstr::BString;
use pgdumprs_catalog::likeness::some_of;
use pgdumprs_connect::{ConnInfoError, ServerError};

use crate::{Choice, ErrorKind};

/// Why there is no dump. Its sources say what the server, the connection or the file system said.
///
/// [`Error::kind`] says what to do about it, [`Error::sqlstate`] what the server said, [`Error::hint`] what may help.
///
/// ```
/// use pgdumprs::{Dump, ErrorKind};
///
/// # async fn example(connection: &str) -> Result<(), pgdumprs::Error> {
/// match Dump::new(connection)?.include_table("no_such_table").to_writer(tokio::io::sink()).await {
///     Ok(report) => println!("{} rows", report.rows),
///     Err(error) if error.kind() == ErrorKind::NoMatch => println!("nothing to do: {error}"),
///     Err(error) if error.sqlstate() == Some("53300") => println!("too busy, later perhaps"),
///     Err(error) => return Err(error),
/// }
/// # Ok(())
/// # }
/// # let database = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE).database();
/// # let runtime = tokio::runtime::Runtime::new().unwrap();
/// # runtime.block_on(example(&database.conninfo())).unwrap();
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A connection string or parameter is wrong.
    #[error(transparent)]
    Parameters(#[from] ConnInfoError),
    /// No session could be opened.
    #[error(transparent)]
    Connect(pgdumprs_connect::Error),
    /// The archive version that was asked for cannot be written, or cannot hold the compression.
    #[error(transparent)]
    ArchiveVersion(pgdumprs_archive::Error),
    /// The server's major version is older than those that can be dumped.
    #[error(
        "the server runs PostgreSQL {found}, and pgdumprs dumps servers of major version 13 and newer: use the pg_dump of its own \
         version"
    )]
    OldServer {
        /// The version as the server prints it.
        found: String,
    },
    /// The server's major version is newer than those that are known, and was not allowed.
    #[error(
        "the server runs PostgreSQL {found}, newer than the 19 that this version of pgdumprs knows: get a newer pgdumprs, or go on \
         as if it were 19 with --allow-newer-server (in the library, Dump::allow_newer_server)"
    )]
    NewServer {
        /// The version as the server prints it.
        found: String,
    },
    /// The server refused something that was chosen for this dump.
    #[error("could not {choice}")]
    Choice {
        /// What was chosen.
        choice: Choice,
        /// The server's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The server does not take a condition for rows of a table.
    #[error("the rows of table {table} cannot be chosen by the condition \"{condition}\"")]
    Condition {
        /// Qualified, quoted name.
        table: BString,
        /// The condition as it was given.
        condition: BString,
        /// The server's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The dump was to read in another transaction's snapshot, on a standby where that gives wrong data and does damage.
    #[error(
        "cannot read in a snapshot that was exported on a standby that runs PostgreSQL {found}: rows would be missing, and the standby's \
         tables damaged; {fix}"
    )]
    StandbySnapshot {
        /// The version as the server prints it.
        found: String,
        /// Which releases do it right.
        fix: String,
    },
    /// The transaction could not be started as it must be.
    #[error("could not {what}")]
    Transaction {
        /// What a statement was to do: begin the transaction, or set something for it.
        what: String,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// The transaction could not be ended in good order.
    #[error("could not end the transaction that the dump was read in")]
    Ending(#[source] pgdumprs_connect::Error),
    /// The transaction had ended before the dump did.
    #[error(
        "the transaction that the dump was read in, and that held the tables' locks, ended before the dump did: is there a pooler or a \
         timeout that ends idle transactions?"
    )]
    TransactionLost,
    /// The runtime that a stream's dump ran in is no more.
    #[error("the async runtime ended before the dump did")]
    RuntimeEnded,
    /// A catalog could not be read.
    #[error(transparent)]
    Catalog(#[from] pgdumprs_catalog::Error),
    /// A table could not be locked.
    #[error("could not lock the tables to dump{}{}", in_the_way(.holders), lock_advice(.source))]
    Lock {
        /// Who holds or waits for which of the tables, in words, where somebody was seen to.
        holders: Vec<String>,
        /// The server's or the connection's own error.
        #[source]
        source: pgdumprs_connect::Error,
    },
    /// Tables were truncated or rewritten after the snapshot was taken and before they were locked.
    #[error(
        "{} truncated or rewritten after the dump's snapshot was taken, so that rows may be missing that it should show: try again, \
         with another snapshot if it was given one (--snapshot)",
        were(.tables)
    )]
    Replaced {
        /// The tables' names, as SQL.
        tables: Vec<String>,
    },
    /// The database holds something that could not be rendered.
    #[error(transparent)]
    Ddl(#[from] pgdumprs_ddl::Error),
    /// The database changed each time that it was read, or seemed to.
    #[error("the dump was begun {tries} times, {}", each_time(*.is_lasting))]
    Tried {
        /// How often it was begun.
        tries: usize,
        /// Whether the very same was in the way the last times, so that it will be there again.
        is_lasting: bool,
        /// What was in the way the last time.
        #[source]
        source: Box<Error>,
    },
    /// Data could not be copied.
    #[error(transparent)]
    Copy(pgdumprs_copy::Error),
    /// The archive could not be written.
    #[error("{}{}", .0, archive_advice(.0))]
    Archive(#[source] pgdumprs_archive::Error),
    /// The archive could not be read on.
    #[error("could not read the data of entry {dump_id}")]
    Reading {
        /// The entry.
        dump_id: i32,
        /// What is wrong with the archive.
        #[source]
        source: pgdumprs_archive::Error,
    },
    /// A script could not be written.
    #[error("could not write the script at byte {offset}{}", write_advice(.source))]
    NotWritten {
        /// Where writing stopped.
        offset: u64,
        /// What the operating system said.
        #[source]
        source: io::Error,
    },
    /// The archive was to be verified, and goes where it cannot be read back.
    #[error(
        "an archive is verified by reading it back, which needs a file: name one with -f (in the library, Dump::to_file or to_directory)"
    )]
    VerifyNeedsFile,
    /// An archive in the tar format was to be compressed.
    #[error(
        "the tar format has no compression (-Z): compress the file itself, or use the custom or the directory format"
    )]
    TarCompressed,
    /// The script of a whole server could not be written.
    #[error("could not write the script")]
    ScriptOutput(#[source] io::Error),
    /// One of the databases of a server could not be dumped.
    #[error("could not dump database \"{name}\"")]
    OfDatabase {
        /// The database.
        name: BString,
        /// Why.
        #[source]
        source: Box<Error>,
    },
    /// A whole server was to be dumped in another format than custom.
    #[error("a whole server is dumped into archives in the custom format")]
    NoServerFormat,
    /// The name of a database cannot be said to the server.
    #[error("the name of database \"{name}\" is no UTF-8, and cannot be connected to: rename it")]
    DatabaseName {
        /// The name.
        name: BString,
    },
    /// What is one file was to go into a folder.
    #[error("{} is one file, and a folder is for the directory format", what_is_one_file(*is_script))]
    NoDirectory {
        /// Whether that is a script.
        is_script: bool,
    },
    /// A script was to hold another choice than what is dumped for it.
    #[error("what is dumped is said to the dump, and not by the option {option} of its script")]
    ScriptSelects {
        /// The option, by its name in [`script::Options`](crate::script::Options).
        option: &'static str,
    },
    /// A script was to be verified.
    #[error("only an archive can be verified by reading it back, and a script is none")]
    VerifyNeedsArchive,
    /// What was dumped, or what an archive holds, cannot be said in a script.
    #[error(transparent)]
    Script(#[from] pgdumprs_script::Error),
    /// The file that was written is not a sound archive. It has not got its name.
    #[error("the archive that was written is damaged, and was not put in place")]
    Verify(#[source] pgdumprs_archive::Damage),
    /// The file that was written is a sound archive of something else than was dumped. It has not got its name.
    #[error(
        "the archive that was written holds {found} {what}, and {dumped} were dumped; it was not put in place"
    )]
    Miscounted {
        /// What was counted.
        what: &'static str,
        /// How many were dumped.
        dumped: u64,
        /// How many are in the archive.
        found: u64,
    },
    /// An object was to hold something else than an archive in the custom format.
    #[cfg(feature = "object-store")]
    #[error(
        "an object store takes an archive in the custom format alone (-Fc): the others are files for a disk"
    )]
    ObjectFormat,
    /// The archive was to be read back before it is complete, which an object store does not let anybody do.
    #[error(
        "an object cannot be read back before it is complete (--verify): pgdumprs verify reads it then"
    )]
    #[cfg(feature = "object-store")]
    ObjectVerify,
    /// The object store could not be used.
    #[cfg(feature = "object-store")]
    #[error(transparent)]
    Object(#[from] pgdumprs_store::Error),
    /// A folder was to be encrypted.
    #[cfg(feature = "encryption")]
    #[error(
        "an archive in the directory format is not encrypted (--encrypt-to): one in the custom format is (-Fc)"
    )]
    SealedDirectory,
    /// What was encrypted was to be read back.
    #[cfg(feature = "encryption")]
    #[error(
        "what is encrypted is not read back by whoever has no key (--verify): pgdumprs verify --identity reads it when it is there"
    )]
    SealedVerify,
    /// It cannot be encrypted.
    #[cfg(feature = "encryption")]
    #[error("could not encrypt the dump")]
    Seal(#[from] pgdumprs_seal::Error),
    /// The archive is complete, and could not be given its name.
    #[error(
        "the archive is complete and is kept as \"{}\", but it could not be put in place as \"{}\"",
        kept.display(),
        path.display()
    )]
    NotInPlace {
        /// The name that it should have.
        path: PathBuf,
        /// The name that it has.
        kept: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
    /// The output file could not be made or synced.
    #[error("could not {action} \"{}\"", path.display())]
    Output {
        /// What was being done.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        #[source]
        source: std::io::Error,
    },
}

impl Error {
    /// What kind of failure it is, for whoever decides what to do next.
    pub fn kind(&self) -> ErrorKind {
        ErrorKind::of(self)
    }

    /// What the server said, where it is what made the dump fail.
    pub fn server_error(&self) -> Option<&ServerError> {
        self.cause().and_then(pgdumprs_connect::Error::server_error)
    }

    /// Everything that the role may not read and that was to be dumped, each with what the role lacks: the message names the first of
    /// them. Empty where that is not what kept the dump from being made.
    pub fn forbidden(&self) -> &[String] {
        match self {
            Error::Ddl(pgdumprs_ddl::Error::Forbidden { objects }) => objects,
            _ => &[],
        }
    }

    /// The SQLSTATE, where the server reported one.
    pub fn sqlstate(&self) -> Option<&str> {
        self.cause().and_then(pgdumprs_connect::Error::sqlstate)
    }
}

/// The most sessions that an error names.
pub(crate) const NAMED: usize = 10;

/// What does not go into a folder.
fn what_is_one_file(is_script: bool) -> &'static str {
    if is_script {
        "a script"
    } else {
        "an archive in the tar format"
    }
}

/// What was in the way of every try.
fn each_time(is_lasting: bool) -> &'static str {
    if is_lasting {
        "and the same was in the way again, so that it is more than a change in between"
    } else {
        "and each time the database changed while it was being read; dump again when less is created and dropped there"
    }
}

/// Who is in the way of locks.
fn in_the_way(holders: &[String]) -> String {
    match holders {
        [] => String::new(),
        holders => format!(" ({})", some_of(holders, NAMED, "; ")),
    }
}

/// These tables, as the subject of what was done to them.
fn were(tables: &[String]) -> String {
    let (noun, verb) = match tables {
        [_] => ("table", "was"),
        _ => ("tables", "were"),
    };
    format!("{noun} {} {verb}", some_of(tables, NAMED, ", "))
}

/// What to do about tables that cannot be locked, where the server's reason tells.
fn lock_advice(error: &pgdumprs_connect::Error) -> &'static str {
    match error.sqlstate() {
        // insufficient_privilege
        Some("42501") => {
            " (the role must be allowed to read all of them: GRANT SELECT ON ALL TABLES IN SCHEMA … TO it, \
             or dump as their owner)"
        }
        // undefined_table: dropped between the listing and the lock
        Some("42P01") => " (was one dropped just now? try again)",
        _ => "",
    }
}

/// What to do about an archive that could not be written.
fn archive_advice(error: &pgdumprs_archive::Error) -> &'static str {
    match error {
        pgdumprs_archive::Error::Write { source, .. } => write_advice(source),
        pgdumprs_archive::Error::InFile { source, .. } => archive_advice(source),
        _ => "",
    }
}

/// What to do about an output that does not take what is written.
fn write_advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free space there, or write elsewhere"
        }
        io::ErrorKind::FileTooLarge => {
            "; the limit of the process (ulimit -f) or of the file system is too low"
        }
        io::ErrorKind::BrokenPipe => "; what was to read it has ended",
        _ => "",
    }
}
