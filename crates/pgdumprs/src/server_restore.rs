//! A whole server from the folder of its dump.

mod built_in;
mod check;
mod error;
mod event;
mod existing;
mod form;
mod globals;
mod report;
mod rights;
mod statement;
mod target;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bstr::BString;
use pgdumprs_catalog::DatabaseChoice;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_script::Warning;
#[cfg(feature = "encryption")]
use pgdumprs_seal::Identities;

pub use error::ServerRestoreError;
pub use event::ServerRestoreEvent;
pub use report::{
    DatabaseRestored, GlobalFailure, GlobalsReport, ServerRestoreEnd, ServerRestoreReport,
};

use self::built_in::{BUILT_IN, is_built_in, not_restored};
use self::check::{check, check_options, opened};
use self::globals::GlobalsRestore;
use crate::blocking::blocking;
use crate::server_backup::{Place, ServerBackup};
use crate::settings::SessionSettings;
use crate::{Error, Restore, RestoreError, RestoreEvent, transaction};

/// SQLSTATE of a database that does not exist.
const INVALID_CATALOG_NAME: &str = "3D000";

/// A server to be restored from the folder that [`ServerDump::to_folder`](crate::ServerDump::to_folder) has made: roles, tablespaces and their like first, and
/// then each of its databases.
///
/// ```no_run
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// use pgdumprs::{Restore, ServerRestore, ServerRestoreEnd};
///
/// let restore = Restore::new("postgresql://postgres@new.example.com/postgres")?.jobs(4);
/// let report = ServerRestore::of(restore).from_folder("tonight").await?;
/// assert_eq!(report.end(), ServerRestoreEnd::Complete);
/// # Ok(())
/// # }
/// ```
pub struct ServerRestore {
    /// How each database is restored, and where the server is.
    restore: Restore,
    /// Which databases of the dump are restored.
    databases: DatabaseChoice,
    /// What opens files of the dump that are encrypted.
    #[cfg(feature = "encryption")]
    identities: Identities,
    /// Those who hear of the databases. Each database's own events come by way of its restore.
    watchers: Arc<Mutex<Vec<Watcher>>>,
}

/// Whoever hears of the databases.
type Watcher = Box<dyn FnMut(&ServerRestoreEvent) + Send>;

impl ServerRestore {
    /// A restore onto the server that `restore` connects to, of which the database does not count, with its choices for each database. Whoever watches
    /// `restore` hears of none of them.
    pub fn of(restore: Restore) -> Self {
        Self {
            restore,
            databases: DatabaseChoice::default(),
            #[cfg(feature = "encryption")]
            identities: Identities::new(),
            watchers: Arc::default(),
        }
    }

    /// Opens files of the dump by these where they are encrypted.
    #[cfg(feature = "encryption")]
    #[must_use]
    pub fn identities(mut self, identities: Identities) -> Self {
        self.identities = identities;
        self
    }

    /// Restores only databases of the dump whose names match a pattern, as psql takes it, or another one that is given so. Each must match something. What
    /// belongs to no database is restored in any case.
    #[must_use]
    pub fn include_database(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.databases.include.push(pattern.into().into());
        self
    }

    /// Leaves out databases of the dump whose names match a pattern, as psql takes it.
    #[must_use]
    pub fn exclude_database(mut self, pattern: impl Into<Vec<u8>>) -> Self {
        self.databases.exclude.push(pattern.into().into());
        self
    }

    /// Tells `watcher` of the databases, from within the restore's task: it should return at once. May be called several times, for several watchers.
    #[must_use]
    pub fn watch(self, watcher: impl FnMut(&ServerRestoreEvent) + Send + 'static) -> Self {
        let mut watchers = self.watchers.lock().unwrap_or_else(PoisonError::into_inner);
        watchers.push(Box::new(watcher));
        drop(watchers);
        self
    }

    /// Restores the server from a folder.
    ///
    /// Options that no database can be made with are refused: one transaction, or no definitions. Before anything is changed, each file is compared with its
    /// sum in the manifest, and none of the databases may be there, but for those that every server has: those are filled, and what is said of them
    /// themselves is left as it is ([`DatabaseRestored::not_restored`]). What of the globals is there already is left as it is; where it differs, the report
    /// names it. What the server refuses does not end the restore: the report has it.
    ///
    /// # Errors
    ///
    /// [`ServerRestoreError`], before anything was changed.
    pub async fn from_folder(
        self,
        folder: impl AsRef<Path>,
    ) -> Result<ServerRestoreReport, ServerRestoreError> {
        let folder = folder.as_ref().to_owned();
        self.restore(Place::Folder(folder)).await
    }

    /// As [`ServerRestore::from_folder`], from the objects that [`ServerDump::to_store`](crate::ServerDump::to_store) has made, which are read by ranges. Of archives
    /// the size alone is compared beforehand: [`ServerBackup::verify`](crate::ServerBackup::verify) reads them to their ends.
    ///
    /// # Errors
    ///
    /// As for [`ServerRestore::from_folder`].
    #[cfg(feature = "object-store")]
    pub async fn from_store(
        self,
        folder: &pgdumprs_store::Folder,
    ) -> Result<ServerRestoreReport, ServerRestoreError> {
        self.restore(Place::Store(folder.clone())).await
    }

    async fn restore(self, place: Place) -> Result<ServerRestoreReport, ServerRestoreError> {
        let begun = Instant::now();
        check_options(&self.restore.options)?;
        let options = self.restore.options.clone();
        let backup = blocking(move || opened(place)).await?;
        #[cfg(feature = "encryption")]
        let backup = backup.identities(self.identities.clone());
        let (mut session, params) = self.connect().await?;
        let chosen = self.chosen(&mut session, &backup).await?;
        refuse_existing(&mut session, &chosen).await?;
        // Reading all files may take hours, and nobody keeps an idle session for so long.
        session.close().await;
        let wanted = chosen.clone();
        let (backup, script, mut left) = blocking(move || {
            check(&backup, &wanted)?;
            let script = BString::from(backup.globals()?);
            let mut left = HashMap::new();
            let is_filled = |name: &str| is_built_in(name) && wanted.iter().any(|one| one == name);
            for (name, file) in backup
                .manifest
                .archives()
                .filter(|(name, _)| is_filled(name))
            {
                let entries = backup.archive(&file.file);
                let entries = entries.and_then(|archive| not_restored(&archive, &options));
                left.insert(name.to_owned(), entries.map_err(RestoreError::from)?);
            }
            Ok::<_, ServerRestoreError>((backup, script, left))
        })
        .await?;
        let mut session = Session::connect(&params)
            .await
            .map_err(RestoreError::Connect)?;
        let bootstrap = backup.manifest.bootstrap_superuser.as_deref();
        let globals = GlobalsRestore::begin(&mut session, &script, bootstrap).await?;
        let server_version = session.server_version().text.clone();
        session.close().await;

        let mut databases = Vec::new();
        let is_chosen = |name: &str| chosen.iter().any(|one| one == name);
        for (name, file) in backup
            .manifest
            .archives()
            .filter(|(name, _)| is_chosen(name))
        {
            let mut params = params.clone();
            if is_built_in(name) {
                params.set_dbname(name);
            }
            tell(
                &self.watchers,
                &ServerRestoreEvent::Begun {
                    database: name.to_owned(),
                },
            );
            let (of, watchers) = (name.to_owned(), Arc::clone(&self.watchers));
            let restore = self.restore.like(params, !is_built_in(name));
            let nothing = Warning::NoDefinitions.to_string();
            let restore = restore.watch(move |event| {
                // Most servers have nothing of their own in those that all have.
                if matches!(&event, RestoreEvent::Warning(warning) if is_built_in(&of) && *warning == nothing) {
                    return;
                }
                let database = of.clone();
                tell(&watchers, &ServerRestoreEvent::Told { database, event });
            });
            let outcome = match backup.archive(&file.file) {
                Ok(source) => Box::pin(restore.from_source(&source)).await,
                Err(error) => Err(error.into()),
            };
            databases.push(DatabaseRestored {
                database: name.to_owned(),
                outcome,
                not_restored: left.remove(name).unwrap_or_default(),
            });
        }
        Ok(ServerRestoreReport {
            server_version,
            globals: globals.end(&params).await,
            databases,
            elapsed: begun.elapsed(),
        })
    }

    /// The databases of a dump that are restored.
    async fn chosen(
        &self,
        session: &mut Session,
        backup: &ServerBackup,
    ) -> Result<Vec<String>, ServerRestoreError> {
        let archives = backup.manifest.archives();
        let names: Vec<BString> = archives.map(|(name, _)| name.into()).collect();
        let settings = SessionSettings {
            // Names in the manifest are UTF-8.
            encoding: Some("UTF8".to_owned()),
            ..SessionSettings::default()
        };
        transaction::begin(session, false, &settings).await?;
        let chosen = self.databases.among(session, &names).await;
        let chosen = chosen.map_err(Error::from)?;
        transaction::end(session).await.map_err(Error::Ending)?;
        Ok(chosen.iter().map(ToString::to_string).collect())
    }

    /// Opens a session in a database that every server has, and gives the parameters for others.
    async fn connect(&self) -> Result<(Session, ConnectParams), ServerRestoreError> {
        let mut params = self.restore.params.clone();
        let [first, second] = BUILT_IN;
        params.set_dbname(first);
        let session = match Session::connect(&params).await {
            Err(error) if error.sqlstate() == Some(INVALID_CATALOG_NAME) => {
                params.set_dbname(second);
                Session::connect(&params).await
            }
            connected => connected,
        };
        let session = session.map_err(RestoreError::Connect)?;
        // Where several hosts are named, all databases go to one.
        let mut params = session.at_same_server(&params);
        // What a database or the role has set would keep it from being filled.
        let options = params.get("options").unwrap_or_default();
        let options = format!("{options} -c default_transaction_read_only=off");
        params
            .set("options", options.trim_start())
            .map_err(RestoreError::Parameters)?;
        Ok((session, params))
    }
}

/// Fails where the server has one of these databases.
async fn refuse_existing(
    session: &mut Session,
    names: &[String],
) -> Result<(), ServerRestoreError> {
    let there = target::databases(session).await?;
    let found = names
        .iter()
        .filter(|name| !is_built_in(name) && there.iter().any(|there| there == name.as_str()));
    let found: Vec<_> = found.map(|name| format!("\"{name}\"")).collect();
    match found.is_empty() {
        true => Ok(()),
        false => Err(ServerRestoreError::Exist { names: found }),
    }
}

/// Shows what was chosen, and no password.
impl fmt::Debug for ServerRestore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerRestore")
            .field("restore", &self.restore)
            .finish_non_exhaustive()
    }
}

fn tell(watchers: &Mutex<Vec<Watcher>>, event: &ServerRestoreEvent) {
    let mut watchers = watchers.lock().unwrap_or_else(PoisonError::into_inner);
    watchers.iter_mut().for_each(|watcher| watcher(event));
}
