//! Which databases are dumped, and how.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use bstr::BString;
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
    /// Those that were chosen and nobody can connect to, and why; without `template0`, which is as every server has it.
    pub(super) skipped: Vec<(BString, &'static str)>,
}

impl ServerDump {
    /// Lists databases in a transaction of its own, in which no setting of the role makes a difference. Those that were chosen and nobody can connect to are
    /// told of.
    ///
    /// # Errors
    ///
    /// Those of [`ListedDatabase::read`], [`NoMatch`](pgdumprs_catalog::Error::NoMatch) also where a pattern includes nothing but such databases.
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
            for pattern in &self.databases.include {
                check_reachable(session, pattern).await?;
            }
            Ok::<_, Error>((all, chosen))
        };
        let listed = listed.await;
        self.dump.hear(session);
        let (mut open, mut chosen) = listed?;
        self.end(session).await?;
        open.retain(|row| unreachable(row).is_none());
        let mut skipped = Vec::new();
        chosen.retain(|row| {
            let reason = unreachable(row);
            skipped.extend(reason.map(|reason| (row.name.clone(), reason)));
            reason.is_none()
        });
        skipped.retain(|(name, _)| name != "template0");
        for (name, reason) in &skipped {
            self.dump.watch.tell(Event::Warning(format!(
                "database \"{name}\" is not dumped: {reason}"
            )));
        }
        Ok(Listed {
            open,
            chosen,
            skipped,
        })
    }
}

/// Fails where nobody can connect to any of the databases that a pattern includes: whoever gave it wants some.
async fn check_reachable(session: &mut Session, pattern: &BString) -> Result<(), Error> {
    let choice = DatabaseChoice {
        include: vec![pattern.clone()],
        exclude: Vec::new(),
    };
    let rows = ListedDatabase::read(session, &choice).await?;
    let reasons: Option<Vec<_>> = rows
        .iter()
        .map(|row| Some(format!("database \"{}\": {}", row.name, unreachable(row)?)))
        .collect();
    match reasons {
        Some(reasons) => Err(Error::Catalog(pgdumprs_catalog::Error::NoMatch {
            what: "databases that can be connected to",
            pattern: Some(pattern.clone()),
            hint: reasons.join(", "),
        })),
        None => Ok(()),
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
