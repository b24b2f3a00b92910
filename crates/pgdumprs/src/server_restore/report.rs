//! What the restore of a server came to.

use std::time::Duration;

use bstr::BString;

use crate::{RestoreEnd, RestoreError, RestoreReport};

/// What the restore of a server came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct ServerRestoreReport {
    /// The server's version as it prints it.
    pub server_version: BString,
    /// What belongs to no database.
    pub globals: GlobalsReport,
    /// Each database, in the manifest's order.
    pub databases: Vec<DatabaseRestored>,
    /// From the first file that was read to the last statement.
    pub elapsed: Duration,
}

/// What became of what belongs to no database.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct GlobalsReport {
    /// Statements that were executed.
    pub done: usize,
    /// Statements whose effect was there already.
    pub there: usize,
    /// What was there already and is not what was dumped: it was left as it is. Each is the beginning of the statement that would change it,
    /// such as `ALTER ROLE postgres`.
    pub different: Vec<BString>,
    /// Rights that the server gives, to roles of the dump and to everybody, and that were not dumped. They were left. Each is a statement that would
    /// give it, such as `ALTER ROLE app WITH SUPERUSER`.
    pub more: Vec<BString>,
    /// Roles that were there with the same properties and whose passwords could not be compared, since the restore may not read them: each as `ALTER ROLE app`.
    pub uncompared: Vec<BString>,
    /// The role that has restored, where it is no superuser: then it could not do all that a superuser can.
    pub unprivileged: Option<BString>,
    /// Statements that the server refused.
    pub failures: Vec<GlobalFailure>,
}

/// A statement about what belongs to no database that the server refused.
#[derive(Debug)]
#[non_exhaustive]
pub struct GlobalFailure {
    /// The beginning of the statement, without a password.
    pub statement: BString,
    /// What the server said.
    pub reason: String,
    /// The SQLSTATE, where the server reported one.
    pub sqlstate: Option<String>,
}

impl GlobalFailure {
    pub(super) fn new(
        about: Option<BString>,
        statement: &BString,
        error: &pgdumprs_connect::Error,
    ) -> Self {
        let reason = match error.server_error() {
            // Not the whole error, which quotes the statement.
            Some(server) => server.message.to_string(),
            None => "there is no connection".to_owned(),
        };
        Self {
            statement: about.unwrap_or_else(|| {
                let text = statement.strip_suffix(b";").unwrap_or(statement);
                text.into()
            }),
            reason,
            sqlstate: error.sqlstate().map(str::to_owned),
        }
    }
}

/// What became of a database.
#[derive(Debug)]
#[non_exhaustive]
pub struct DatabaseRestored {
    /// The database's name.
    pub database: String,
    /// What its restore came to, or why there was none.
    pub outcome: Result<RestoreReport, RestoreError>,
    /// What the archive says of the database itself, its settings, privileges, comment and labels, where that was not made, since every server has it, and where
    /// a new server says something else. Each is kind, schema and name of an entry, as the archive's list has them.
    pub not_restored: Vec<BString>,
}

/// How the restore of a server has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerRestoreEnd {
    /// Everything is there as it was dumped.
    Complete,
    /// Everything is there, and some of it is otherwise than it was dumped: what was there before, or was adapted.
    Adapted,
    /// Something is not there.
    Incomplete,
}

impl ServerRestoreReport {
    /// How it has ended.
    pub fn end(&self) -> ServerRestoreEnd {
        let mut end = match &self.globals {
            globals if !globals.failures.is_empty() => return ServerRestoreEnd::Incomplete,
            GlobalsReport {
                different,
                more,
                uncompared,
                ..
            } if different.is_empty() && more.is_empty() && uncompared.is_empty() => {
                ServerRestoreEnd::Complete
            }
            _ => ServerRestoreEnd::Adapted,
        };
        for row in &self.databases {
            if !row.not_restored.is_empty() {
                end = ServerRestoreEnd::Adapted;
            }
            match row.outcome.as_ref().map(RestoreReport::end) {
                Ok(RestoreEnd::Complete) => {}
                Ok(RestoreEnd::Adapted) => end = ServerRestoreEnd::Adapted,
                _ => return ServerRestoreEnd::Incomplete,
            }
        }
        end
    }
}
