//! A dump of a whole server: what belongs to no database, and each of its databases.

mod globals;
mod script;

use std::path::Path;

use bstr::BString;

use crate::output::write_whole;
use crate::{Dump, Error};

/// A dump of a whole server to be made. What is said to the [`Dump`] that it is made of is said for all of its databases, and for what
/// belongs to none of them: roles, their memberships and settings, tablespaces, and privileges on configuration parameters.
///
/// ```no_run
/// # async fn example() -> Result<(), pgdumprs::Error> {
/// use pgdumprs::{Dump, ServerDump};
///
/// let dump = Dump::new("postgresql://postgres@db.example.com/postgres")?;
/// let warnings = ServerDump::of(dump).globals_to_file("globals.sql").await?;
/// assert!(warnings.is_empty());
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
        }
    }

    /// Whether passwords of roles are dumped, as the server keeps them, which is not in the clear. Only superusers may read them; without
    /// them, everybody may read the rest.
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

    /// Dumps the globals as a script for psql, as `pg_dumpall --globals-only` does. Gives the script, and warnings.
    ///
    /// # Errors
    ///
    /// Those of a [`Dump`] that come before it writes. Roles without passwords are all that others than superusers can have
    /// ([`ServerDump::role_passwords`]).
    pub async fn globals(mut self) -> Result<(BString, Vec<String>), Error> {
        let (text, _) = self.globals_script().await?;
        let (_, warnings) = self.dump.watch.take();
        Ok((text, warnings))
    }

    /// Dumps the globals as [`ServerDump::globals`] does, into a file that appears when it is complete, as that of [`Dump::to_file`] does.
    /// Gives the warnings.
    ///
    /// # Errors
    ///
    /// As for [`ServerDump::globals`], and those of writing the file.
    pub async fn globals_to_file(self, path: impl AsRef<Path>) -> Result<Vec<String>, Error> {
        let sync = self.dump.sync;
        let (text, warnings) = self.globals().await?;
        write_whole(path.as_ref(), text.into(), sync).await?;
        Ok(warnings)
    }
}
