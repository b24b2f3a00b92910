//! A whole server from the folder of its dump.

mod built_in;
mod check;
mod error;
mod event;
mod globals;
mod report;
mod statement;

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use bstr::BString;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_script::Warning;

pub use error::ServerRestoreError;
pub use event::ServerRestoreEvent;
pub use report::{
    DatabaseRestored, GlobalFailure, GlobalsReport, ServerRestoreEnd, ServerRestoreReport,
};

use self::built_in::{BUILT_IN, is_built_in, not_restored};
use self::check::{check_options, checked};
use crate::blocking::blocking;
use crate::server_backup::Place;
use crate::{Restore, RestoreError, RestoreEvent};

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
            watchers: Arc::default(),
        }
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
        let (backup, script, mut left) = blocking(move || {
            let backup = checked(place)?;
            let script = BString::from(backup.globals()?);
            let mut left = HashMap::new();
            for (name, file) in backup
                .manifest
                .archives()
                .filter(|(name, _)| is_built_in(name))
            {
                let entries = backup.place.archive(&file.file);
                let entries = entries.and_then(|archive| not_restored(&archive, &options));
                left.insert(name.to_owned(), entries.map_err(RestoreError::from)?);
            }
            Ok::<_, ServerRestoreError>((backup, script, left))
        })
        .await?;
        let (mut session, params) = self.connect().await?;
        let archives = backup.manifest.archives();
        let names = archives.map(|(name, _)| name);
        let names: Vec<_> = names.filter(|name| !is_built_in(name)).collect();
        globals::refuse_existing(&mut session, &names).await?;
        let globals = globals::restore(&mut session, &script).await?;
        let server_version = session.server_version().text.clone();
        session.close().await;

        let mut databases = Vec::new();
        for (name, file) in backup.manifest.archives() {
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
            let outcome = match backup.place.archive(&file.file) {
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
            globals,
            databases,
            elapsed: begun.elapsed(),
        })
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
        let params = session.at_same_server(&params);
        Ok((session, params))
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
