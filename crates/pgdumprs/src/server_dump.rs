//! A dump of a whole server: what belongs to no database, and each of its databases.

mod choice;
mod dumpall;
mod event;
mod globals;
mod place;
mod run;
mod script;
mod share;
mod sign;

use std::io::Write;
use std::path::Path;

use bstr::BString;
use pgdumprs_catalog::DatabaseChoice;

pub use event::ServerDumpEvent;
pub use run::{DatabaseReport, ServerReport};

use self::choice::Watchers;
use crate::blocking::blocking;
use crate::filter::read_rules;
use crate::output::write_whole;
use crate::sealed::sealed;
use crate::{Dump, Error, FilterError};

/// A dump of a whole server to be made. What is said to the [`Dump`] that it is made of is said for all of its databases, and for what
/// belongs to none of them: roles, their memberships and settings, tablespaces, and privileges on configuration parameters.
///
/// ```no_run
/// # async fn example() -> Result<(), pgdumprs::Error> {
/// use pgdumprs::{Dump, ServerDump};
///
/// let dump = Dump::new("postgresql://postgres@db.example.com/postgres")?.jobs(4);
/// let report = ServerDump::of(dump).exclude_database("scratch*").to_folder("tonight").await?;
/// for missing in report.failed() {
///     eprintln!("{} is missing", missing.database);
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ServerDump {
    /// How each database is dumped, and where the server is.
    pub(crate) dump: Dump,
    passwords: bool,
    roles: bool,
    tablespaces: bool,
    databases: DatabaseChoice,
    watchers: Watchers,
}

impl ServerDump {
    /// A dump of the server that `dump` is to connect to, with its choices. Of choices by names there is no use where only globals are
    /// dumped. Where `dump` names no database, `postgres` is connected to, or `template1`.
    pub fn of(dump: Dump) -> Self {
        let tablespaces = dump.options.tablespaces;
        Self {
            dump,
            passwords: true,
            roles: true,
            tablespaces,
            databases: DatabaseChoice::default(),
            watchers: Watchers::default(),
        }
    }

    /// Whether passwords of roles are dumped, as the server keeps them, which is not in the clear. Whoever may read
    /// `pg_authid` may read them, as superusers may and, since PostgreSQL 14, roles with `pg_read_all_data`; without them, everybody may read the rest.
    #[must_use]
    pub fn role_passwords(mut self, passwords: bool) -> Self {
        self.passwords = passwords;
        self
    }

    /// Of the globals, dumps only roles, with what is about them.
    #[must_use]
    pub fn roles_only(mut self) -> Self {
        self.tablespaces = false;
        self
    }

    /// Of the globals, dumps only tablespaces.
    #[must_use]
    pub fn tablespaces_only(mut self) -> Self {
        self.roles = false;
        self
    }

    /// Dumps only databases whose names match a pattern, as psql takes it, or another one that is given so. Each must match something.
    #[must_use]
    pub fn include_database(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.databases.include.push(pattern.into().into());
        self
    }

    /// Leaves out databases whose names match a pattern, as psql takes it.
    #[must_use]
    pub fn exclude_database(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.databases.exclude.push(pattern.into().into());
        self
    }

    /// Leaves out databases by the rules of a filter file, each of which is `exclude database` and a pattern.
    ///
    /// # Errors
    ///
    /// [`FilterError`] where a line is not of this form.
    pub fn filter(self, rules: &[u8]) -> Result<Self, FilterError> {
        let rules = read_rules(rules, |include, kind| {
            (!include && kind == b"database").then_some(())
        })?;
        let patterns = rules.into_iter().map(|(_, pattern)| pattern);
        Ok(patterns.fold(self, |dump, pattern| dump.exclude_database(pattern)))
    }

    /// Tells `watcher` of the databases, from within the tasks that dump them: it should return at once. What is of no database is told to those who
    /// watch the [`Dump`] that this was made of.
    #[must_use]
    pub fn watch(self, watcher: impl FnMut(&ServerDumpEvent) + Send + 'static) -> Self {
        self.watchers.add(Box::new(watcher));
        self
    }

    /// Dumps the globals as a script for psql, as `pg_dumpall --globals-only` does. Gives the script, which is not encrypted, and warnings.
    ///
    /// # Errors
    ///
    /// Those of a [`Dump`] that come before it writes. Roles without passwords are all that those can have who may not read `pg_authid`
    /// ([`ServerDump::role_passwords`]).
    pub async fn globals(mut self) -> Result<(BString, Vec<String>), Error> {
        let mut session = self.connect().await?;
        let text = self.globals_script(&mut session).await?;
        session.close().await;
        let (_, warnings) = self.dump.watch.take();
        Ok((text, warnings))
    }

    /// Dumps the globals as [`ServerDump::globals`] does, into a blocking writer, and gives that back with the warnings.
    ///
    /// # Errors
    ///
    /// As for [`ServerDump::globals`], and those of the writer.
    pub async fn globals_to_std_writer<W>(self, output: W) -> Result<(W, Vec<String>), Error>
    where
        W: Write + Send + 'static,
    {
        let recipients = self.dump.recipients.clone();
        let (text, warnings) = self.globals().await?;
        let bytes = blocking(move || sealed(text.into(), recipients.as_ref())).await?;
        let output = dumpall::write(output, bytes).await?;
        Ok((dumpall::flush(output).await?, warnings))
    }

    /// Dumps the globals as [`ServerDump::globals`] does, into a file that appears when it is complete, as that of [`Dump::to_file`] does.
    /// Gives the warnings.
    ///
    /// # Errors
    ///
    /// As for [`ServerDump::globals`], and those of writing the file.
    pub async fn globals_to_file(self, path: impl AsRef<Path>) -> Result<Vec<String>, Error> {
        let (sync, recipients) = (self.dump.sync, self.dump.recipients.clone());
        let (text, warnings) = self.globals().await?;
        let bytes = blocking(move || sealed(text.into(), recipients.as_ref())).await?;
        write_whole(path.as_ref(), bytes, sync).await?;
        Ok(warnings)
    }
}
