//! Kinds of failures, for whoever decides what to do next.

use pgdumprs_catalog::Error as Catalog;
use pgdumprs_connect::Error as Session;
use pgdumprs_ddl::Error as Ddl;

use crate::Error;

/// What kind of failure kept a dump from being made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// What was asked for makes no sense: a parameter, a pattern, a combination of options. The same again will fail again.
    Invalid,
    /// Nothing matches the names that were given.
    NoMatch,
    /// The server could not be reached, or had no room for a connection or was just starting or stopping. Later may do.
    Unavailable,
    /// The server did not let the role in, or its certificate or ours was not good enough.
    Denied,
    /// The role may not read or do something.
    Forbidden,
    /// The server's version is not one that can be dumped.
    Version,
    /// Tables could not be locked in the time that was given. Later may do.
    Locked,
    /// The connection or the transaction ended before the dump did. Later may do.
    Lost,
    /// Somebody cancelled a statement of the dump.
    Canceled,
    /// What was to be dumped changed while it was being listed, such as a table that was dropped. Again will do.
    Changed,
    /// The server reported another error.
    Server,
    /// The database holds something that cannot be dumped.
    Content,
    /// The archive could not be written.
    Output,
    /// The system has no threads to give.
    System,
}

impl ErrorKind {
    /// Whether the same dump may well succeed later, with nothing changed by anybody.
    pub fn is_transient(self) -> bool {
        matches!(
            self,
            Self::Unavailable | Self::Locked | Self::Lost | Self::Canceled | Self::Changed
        )
    }

    pub(crate) fn of(error: &Error) -> Self {
        match error {
            Error::Parameters(_)
            | Error::ArchiveVersion(_)
            | Error::TarCompressed
            | Error::NoDirectory { .. }
            | Error::NoServerFormat
            | Error::DatabaseName { .. }
            | Error::ScriptSelects { .. }
            | Error::VerifyNeedsFile
            | Error::VerifyNeedsArchive => Self::Invalid,
            #[cfg(feature = "object-store")]
            Error::ObjectFormat | Error::ObjectVerify => Self::Invalid,
            #[cfg(feature = "encryption")]
            Error::SealedDirectory | Error::SealedVerify => Self::Invalid,
            #[cfg(feature = "encryption")]
            Error::Seal(_) => Self::Invalid,
            #[cfg(feature = "object-store")]
            Error::Object(error) => match error.kind() {
                pgdumprs_store::ErrorKind::Invalid => Self::Invalid,
                _ => Self::Output,
            },
            Error::Script(_) | Error::Reading { .. } => Self::Content,
            Error::OldServer { .. } | Error::NewServer { .. } | Error::StandbySnapshot { .. } => {
                Self::Version
            }
            Error::TransactionLost | Error::RuntimeEnded => Self::Lost,
            Error::Archive(_)
            | Error::NotWritten { .. }
            | Error::Output { .. }
            | Error::NotInPlace { .. }
            | Error::Verify(_)
            | Error::Miscounted { .. } => Self::Output,
            Error::Tried {
                is_lasting: true, ..
            } => Self::Content,
            Error::Tried { .. } => Self::Changed,
            Error::ScriptOutput(_) => Self::Output,
            Error::OfDatabase { source, .. } => Self::of(source),
            Error::Connect(error) => connecting(error),
            Error::Choice { source, .. } | Error::Condition { source, .. } => match running(source)
            {
                Self::Server => Self::Invalid,
                other => other,
            },
            Error::Lock { source, .. } => locking(source),
            Error::Catalog(Catalog::NoMatch { .. }) => Self::NoMatch,
            Error::Catalog(
                Catalog::Pattern { .. }
                | Catalog::TooManyDots { .. }
                | Catalog::OtherDatabase { .. },
            ) if !is_lost(error) => Self::Invalid,
            Error::Catalog(catalog) if catalog.saw_change() => Self::Changed,
            Error::Replaced { .. } | Error::Ddl(Ddl::Missing { .. }) => Self::Changed,
            Error::Ddl(Ddl::Forbidden { .. } | Ddl::Unreadable { .. }) => Self::Forbidden,
            Error::Ddl(Ddl::NoRows { .. }) => Self::NoMatch,
            Error::Ddl(Ddl::TwoConditions { .. }) => Self::Invalid,
            Error::Ddl(_) => Self::Content,
            Error::Copy(pgdumprs_copy::Error::Thread(_)) => Self::System,
            Error::Copy(pgdumprs_copy::Error::Compress(_) | pgdumprs_copy::Error::Aside(_)) => {
                Self::Output
            }
            Error::Copy(pgdumprs_copy::Error::NotAllRead) => Self::Lost,
            _ => match error.cause() {
                Some(error) => running(error),
                None => Self::Server,
            },
        }
    }
}

fn is_lost(error: &Error) -> bool {
    matches!(
        error.cause(),
        Some(Session::ConnectionLost { .. } | Session::Broken { .. })
    )
}

/// The kind of an error that kept a session from being opened.
fn connecting(error: &Session) -> ErrorKind {
    match error {
        Session::Parameters(_) | Session::TlsSetup(_) => ErrorKind::Invalid,
        Session::TlsRefused { .. }
        | Session::Tls { .. }
        | Session::PasswordMissing { .. }
        | Session::Authentication { .. } => ErrorKind::Denied,
        // A login event trigger does as it likes.
        Session::Refused {
            logged_in: true, ..
        } => ErrorKind::Denied,
        Session::Refused { .. } => match error.sqlstate().unwrap_or_default() {
            // invalid_authorization_specification, insufficient_privilege
            state if state.starts_with("28") || state == "42501" => ErrorKind::Denied,
            // object_not_in_prerequisite_state: the database takes no connections
            "55000" => ErrorKind::Denied,
            // invalid_catalog_name: no such database; invalid_parameter_value, undefined_object: settings in the connection string
            "3D000" | "22023" | "42704" => ErrorKind::Invalid,
            _ => ErrorKind::Unavailable,
        },
        _ => ErrorKind::Unavailable,
    }
}

/// The kind of an error that kept tables from being locked.
fn locking(error: &Session) -> ErrorKind {
    match error.sqlstate() {
        // lock_not_available; query_canceled, by the statement_timeout that limits the wait
        Some("55P03" | "57014") => ErrorKind::Locked,
        // undefined_table, or invalid_schema_name where that went with it; wrong_object_type where something else has its name;
        // internal_error
        Some("42P01" | "3F000" | "42809" | "XX000") => ErrorKind::Changed,
        _ => running(error),
    }
}

/// The kind of an error of a session that was open.
fn running(error: &Session) -> ErrorKind {
    match (error, error.sqlstate()) {
        (Session::ConnectionLost { .. } | Session::Broken { .. }, _) => ErrorKind::Lost,
        // query_canceled
        (_, Some("57014")) => ErrorKind::Canceled,
        (_, Some("42501")) => ErrorKind::Forbidden,
        // lock_not_available, deadlock_detected
        (_, Some("55P03" | "40P01")) => ErrorKind::Locked,
        _ => ErrorKind::Server,
    }
}
