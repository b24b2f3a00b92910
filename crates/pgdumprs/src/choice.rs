//! What was chosen of a dump's transactions and what only the server can judge.

use std::fmt;

/// A choice that the server may refuse, with its value as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Choice {
    /// The role to change to: [`Dump::role`](crate::Dump::role).
    Role(String),
    /// The snapshot to read in: [`Dump::snapshot`](crate::Dump::snapshot).
    Snapshot(String),
    /// The archive's encoding: [`Dump::encoding`](crate::Dump::encoding), or the connection parameter `client_encoding`.
    Encoding(String),
    /// Digits of floating-point numbers: [`Dump::extra_float_digits`](crate::Dump::extra_float_digits).
    ExtraFloatDigits(i32),
    /// How long to wait for locks: [`Dump::lock_wait_timeout`](crate::Dump::lock_wait_timeout).
    LockWaitTimeout(String),
    /// A moment that no serializable transaction contradicts: [`Dump::serializable_deferrable`](crate::Dump::serializable_deferrable).
    SerializableDeferrable,
}

/// What cannot be done, and which option asks for it.
impl fmt::Display for Choice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(name) => write!(f, "change to the role {name:?} (--role)"),
            Self::Snapshot(name) => write!(f, "read in the snapshot {name:?} (--snapshot)"),
            Self::Encoding(name) => write!(
                f,
                "write in the encoding {name:?} (-E/--encoding, PGCLIENTENCODING or client_encoding)"
            ),
            Self::ExtraFloatDigits(digits) => write!(
                f,
                "read numbers with {digits} more digits (--extra-float-digits)"
            ),
            Self::LockWaitTimeout(limit) => write!(
                f,
                "limit the wait for locks to {limit:?} (--lock-wait-timeout)"
            ),
            Self::SerializableDeferrable => {
                f.write_str("begin a deferrable transaction (--serializable-deferrable)")
            }
        }
    }
}

impl Choice {
    /// What to do where the server refuses it for the reason of this SQLSTATE.
    pub(crate) fn advice(&self, sqlstate: &str) -> &'static str {
        match self {
            // insufficient_privilege
            Self::Role(_) if sqlstate == "42501" => {
                "the role that connects must be a member of it (GRANT … TO …), or be it: connect as that role (-U)"
            }
            Self::Role(_) => {
                "a role is named letter by letter, capitals included; psql -c '\\du' lists those of the server"
            }
            Self::Snapshot(_) => {
                "a snapshot is what SELECT pg_export_snapshot() returns, in the same database of the same server, and it is there until the \
                 transaction of that SELECT ends"
            }
            // feature_not_supported: the server has no such conversion
            Self::Encoding(_) if sqlstate == "0A000" => {
                "the server cannot convert the database's encoding into this one: leave out -E (--encoding), and the archive is in the \
                 database's own"
            }
            Self::Encoding(_) => {
                "encodings are called as in PostgreSQL, such as UTF8, LATIN1 or WIN1252; without any, the archive is in the database's own"
            }
            Self::ExtraFloatDigits(_) => "give a number from -15 to 3",
            Self::LockWaitTimeout(_) => {
                "give milliseconds, or a number with a unit, such as 30s or 5min; 0 waits for ever"
            }
            Self::SerializableDeferrable => {
                "standbys cannot do what --serializable-deferrable asks for: leave it out, or dump from the primary"
            }
        }
    }
}
