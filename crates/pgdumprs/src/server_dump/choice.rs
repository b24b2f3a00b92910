//! Which databases are dumped, and how.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use pgdumprs_catalog::{DatabaseChoice, ListedDatabase};
use pgdumprs_connect::Session;

use super::ServerDump;
use super::event::ServerDumpEvent;
use crate::settings::SessionSettings;
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

/// The databases of a server.
pub(super) struct Listed {
    /// All that can be connected to.
    pub(super) open: Vec<ListedDatabase>,
    /// Those of them that are dumped.
    pub(super) chosen: Vec<ListedDatabase>,
}

impl ServerDump {
    /// Lists databases in a transaction of its own, in which no setting of the role makes a difference. Those that nobody can connect to are left out, and told
    /// of where they were chosen; `template0` is as every server has it.
    pub(super) async fn list(&mut self, session: &mut Session) -> Result<Listed, Error> {
        let settings = SessionSettings {
            // Names are those by which the server is connected to, byte for byte.
            encoding: None,
            serializable_deferrable: false,
            ..self.dump.settings.clone()
        };
        self.begin(session, &settings).await?;
        let listed = async {
            let all = ListedDatabase::read(session, &DatabaseChoice::default()).await?;
            let chosen = ListedDatabase::read(session, &self.databases).await?;
            Ok::<_, Error>((all, chosen))
        };
        let listed = listed.await;
        self.dump.hear(session);
        let (mut open, mut chosen) = listed?;
        self.end(session).await?;
        open.retain(|row| unreachable(row).is_none());
        chosen.retain(|row| {
            let Some(reason) = unreachable(row) else {
                return true;
            };
            if row.name != "template0" {
                let name = &row.name;
                self.dump.watch.tell(Event::Warning(format!(
                    "database \"{name}\" is not dumped: {reason}"
                )));
            }
            false
        });
        Ok(Listed { open, chosen })
    }
}

/// Why nobody can connect to a database, where nobody can.
fn unreachable(row: &ListedDatabase) -> Option<&'static str> {
    if row.is_invalid {
        Some("dropping it was begun: drop it again")
    } else if row.allows_connections {
        None
    } else {
        Some("it does not allow connections")
    }
}
