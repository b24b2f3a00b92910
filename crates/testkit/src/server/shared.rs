//! The servers that all tests of this process share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use anyhow::{Result, anyhow};

use super::Server;
use crate::Release;

/// A place for one release's server; its lock is held while the server starts, so that tests which
/// run at once wait for the same one. A failure is kept too: trying again would only be slower.
type Place = Arc<Mutex<Option<Result<Server, String>>>>;

/// Returns the shared server, starting it when this is the first call for its release.
pub(super) fn get(release: Release) -> Result<Server> {
    // Statics are never dropped: at the process's end the watchdogs notice that it is gone.
    static PLACES: Mutex<BTreeMap<Release, Place>> = Mutex::new(BTreeMap::new());
    let place = PLACES
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .entry(release)
        .or_default()
        .clone();
    let mut place = place.lock().unwrap_or_else(PoisonError::into_inner);
    place
        .get_or_insert_with(|| {
            Server::builder(release)
                .start()
                .map_err(|error| format!("{error:#}"))
        })
        .clone()
        .map_err(|reason| anyhow!(reason))
}
