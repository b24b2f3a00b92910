//! Which databases are dumped, and how.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pgdumprs_catalog::{DatabaseChoice, ListedDatabase};
use pgdumprs_connect::Session;

use super::event::ServerDumpEvent;
use crate::watch::Watch;
use crate::{Error, Event};

/// Whoever hears of the databases, from whichever task.
#[derive(Clone, Default)]
pub(super) struct Watchers(Arc<Mutex<Vec<Watcher>>>);

type Watcher = Box<dyn FnMut(&ServerDumpEvent) + Send>;

impl Watchers {
    pub(super) fn add(&self, watcher: Watcher) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.push(watcher);
    }

    pub(super) fn tell(&self, event: &ServerDumpEvent) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.iter_mut().for_each(|watcher| watcher(event));
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watchers").finish_non_exhaustive()
    }
}

/// Leaves databases out that nobody can connect to, and tells of them. `template0` is as every server has it.
pub(super) async fn choose(
    session: &mut Session,
    choice: &DatabaseChoice,
    watch: &mut Watch,
) -> Result<Vec<ListedDatabase>, Error> {
    let mut databases = ListedDatabase::read(session, choice).await?;
    databases.retain(|row| {
        let reason = match row {
            row if row.is_invalid => "dropping it was begun: drop it again",
            row if !row.allows_connections => "it does not allow connections",
            _ => return true,
        };
        if row.name != "template0" {
            let name = &row.name;
            watch.tell(Event::Warning(format!(
                "database \"{name}\" is not dumped: {reason}"
            )));
        }
        false
    });
    Ok(databases)
}
