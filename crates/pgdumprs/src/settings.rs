//! What options change about the transactions that a dump reads in.

use std::time::Duration;

use pgdumprs_ddl::Inserts;

use crate::{Dump, SyncMethod};

/// Choices for the transactions of a dump.
#[derive(Debug, Clone)]
pub(crate) struct SessionSettings {
    /// Encoding of the archive, where it is not the database's.
    pub(crate) encoding: Option<String>,
    /// Role to change to.
    pub(crate) role: Option<String>,
    /// Whether row security hides rows, rather than to make reading a table fail.
    pub(crate) row_security: bool,
    /// Whether the server quotes every identifier.
    pub(crate) quote_all_identifiers: bool,
    /// Digits of floating-point numbers beyond those that every such number keeps.
    pub(crate) extra_float_digits: i32,
    /// Whether the snapshot is one that serializable transactions could have seen.
    pub(crate) serializable_deferrable: bool,
    /// Name of the snapshot to read in.
    pub(crate) snapshot: Option<String>,
    /// Whether rows of foreign tables are read.
    pub(crate) foreign_tables: bool,
    /// How long to wait for locks, as `statement_timeout` takes it.
    pub(crate) lock_wait_timeout: Option<String>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            encoding: None,
            role: None,
            row_security: false,
            quote_all_identifiers: false,
            // All that there are.
            extra_float_digits: 3,
            serializable_deferrable: false,
            snapshot: None,
            foreign_tables: false,
            lock_wait_timeout: None,
        }
    }
}

/// How long to wait for locks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockWait(String);

/// To the millisecond, and one at least: none would be no limit.
impl From<Duration> for LockWait {
    fn from(wait: Duration) -> Self {
        Self(wait.as_millis().clamp(1, MOST_MILLISECONDS).to_string())
    }
}

/// Milliseconds, or a number with a unit, as the server takes them.
impl From<&str> for LockWait {
    fn from(wait: &str) -> Self {
        Self(wait.to_owned())
    }
}

/// Milliseconds, or a number with a unit, as the server takes them.
impl From<&String> for LockWait {
    fn from(wait: &String) -> Self {
        Self(wait.clone())
    }
}

/// The largest number that the server takes for a timeout.
const MOST_MILLISECONDS: u128 = i32::MAX as u128;

impl Dump {
    /// Writes names, definitions and data in this encoding, as PostgreSQL names it, rather than in the database's or in what the connection
    /// parameter `client_encoding` says.
    #[must_use]
    pub fn encoding(mut self, encoding: impl Into<String>) -> Self {
        self.settings.encoding = Some(encoding.into());
        self
    }

    /// Changes to this role after connecting, which the role that connects must be allowed to.
    #[must_use]
    pub fn role(mut self, role: impl Into<String>) -> Self {
        self.settings.role = Some(role.into());
        self
    }

    /// Whether rows that row security hides from the role are left out. Otherwise a table with such rows cannot be dumped.
    #[must_use]
    pub fn row_security(mut self, row_security: bool) -> Self {
        self.settings.row_security = row_security;
        self.options.row_security = row_security;
        self
    }

    /// Whether every identifier is quoted, also where it need not be: then it stays one where a newer version makes its name a key
    /// word.
    #[must_use]
    pub fn quote_all_identifiers(mut self, quote: bool) -> Self {
        self.settings.quote_all_identifiers = quote;
        self.options.quote_all_identifiers = quote;
        self
    }

    /// Sets `extra_float_digits`, from -15 to 3. By default it is 3, which loses nothing.
    #[must_use]
    pub fn extra_float_digits(mut self, digits: i32) -> Self {
        self.settings.extra_float_digits = digits;
        self
    }

    /// Waits for a point in time at which no serializable transaction can have left what later ones would contradict, and dumps what
    /// there is then. Not for standbys.
    #[must_use]
    pub fn serializable_deferrable(mut self, serializable_deferrable: bool) -> Self {
        self.settings.serializable_deferrable = serializable_deferrable;
        self
    }

    /// Dumps what is to be seen in a snapshot that another transaction exported, and holds open. Tables that were truncated or rewritten
    /// since are an error, [`Error::Replaced`](crate::Error::Replaced): that snapshot may find nothing in them.
    #[must_use]
    pub fn snapshot(mut self, name: impl Into<String>) -> Self {
        self.settings.snapshot = Some(name.into());
        self
    }

    /// Gives up where tables cannot be locked in this time: a [`Duration`], or a text as the server takes it, such as `10s`.
    #[must_use]
    pub fn lock_wait_timeout(mut self, timeout: impl Into<LockWait>) -> Self {
        self.settings.lock_wait_timeout = Some(timeout.into().0);
        self
    }

    /// Whether function bodies are quoted by dollars, where that helps to read them.
    #[must_use]
    pub fn dollar_quoting(mut self, dollar_quoting: bool) -> Self {
        self.options.dollar_quoting = dollar_quoting;
        self
    }

    /// Writes rows as INSERT statements, which other databases understand and which are slow to restore, rather than for COPY.
    #[must_use]
    pub fn inserts(mut self, inserts: Inserts) -> Self {
        self.options.inserts = Some(inserts);
        self
    }

    /// Whether rows of every partition are loaded through the topmost partitioned table, so that it finds their partitions anew.
    #[must_use]
    pub fn load_via_partition_root(mut self, via_root: bool) -> Self {
        self.options.load_via_partition_root = via_root;
        self
    }

    /// Whether an output file is synced to disk before it gets its name.
    #[must_use]
    pub fn sync(mut self, sync: bool) -> Self {
        self.sync = sync;
        self
    }

    /// How the files of a folder are synced, where they are.
    #[must_use]
    pub fn sync_method(mut self, method: SyncMethod) -> Self {
        self.sync_method = method;
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_without_a_limit() {
        let milliseconds = |wait: Duration| LockWait::from(wait).0;
        assert_eq!(milliseconds(Duration::from_secs(10)), "10000");
        assert_eq!(milliseconds(Duration::ZERO), "1");
        assert_eq!(milliseconds(Duration::MAX), "2147483647");
    }
}
