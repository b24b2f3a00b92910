//! Finds or fetches stock PostgreSQL for each supported major, PgBouncer, pgcopydb, moto, an old Rust, what pgdumprs is built with for other
//! systems, what installs its packages, and what checks workflows and scripts.
//!
//! A major that the machine has installed is used as it is, if it has the extensions that tests want. Where it lacks one, and for
//! majors that are not installed, a complete server is fetched into a cache outside the repository, once: what is there and complete
//! is found again by its stamp file. Minor releases come out every few months: [`bring_up_to_date`] asks for them, and is called before a
//! run rather than by each test.
//! Nothing is installed system-wide except the few host programs that fetching needs.

mod age;
mod cache;
mod cross;
mod debian;
mod host;
mod installation;
mod installed;
mod linters;
mod moto;
mod npm_package;
mod packaging;
mod pgbouncer;
mod pgcopydb;
mod program;
mod python_wheel;
mod recipe;
mod relocate;
mod rust;
mod slot;

pub use age::age;
pub use cache::{CACHE_VARIABLE, cache_dir};
pub(crate) use cache::{create_open, lock};
pub use cross::{Wine, cross_cargo, emulator, newest_cargo};
pub use debian::MIRROR_VARIABLE;
pub(crate) use host::effective_uid;
pub use host::require_program;
pub use installation::Installation;
pub use linters::{actionlint, shellcheck};
pub use moto::moto;
pub use packaging::{buildah, require_venv, ruby, uv, wheel_checkers};
pub use pgbouncer::pgbouncer;
pub use pgcopydb::pgcopydb;
pub use rust::debian_cargo;

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Result, bail};

use crate::Release;
use installation::is_newer;
use recipe::Recipe;

/// Returns the installation of a release, fetching it first when the machine has none. What is there is not asked to be the newest:
/// that is [`bring_up_to_date`]'s work.
///
/// # Errors
///
/// When no source could deliver it; the message lists every source and why it failed.
pub fn provision(release: impl Into<Release>) -> Result<Installation> {
    static KNOWN: Mutex<BTreeMap<Release, Installation>> = Mutex::new(BTreeMap::new());
    let known = || KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let release = release.into();
    if let Some(known) = known().get(&release) {
        return Ok(known.clone());
    }
    let recipes = recipe::recipes(release);
    let installation = match find(release, &recipes) {
        Some(found) => found,
        None => fetch(release, &recipes)?,
    };
    known().insert(release, installation.clone());
    Ok(installation)
}

/// What is used of a release, and what there is to say of it.
#[derive(Debug)]
pub struct UpToDate {
    /// The installation that tests will run.
    pub installation: Installation,
    /// Set where a newer minor was fetched, or where it is not known whether there is one.
    pub remark: Option<String>,
}

/// Provisions several releases at once, each in the newest minor that its source offers today, and returns each one's result in the
/// given order. Where the source does not answer, what is there is kept.
pub fn bring_up_to_date(releases: &[Release]) -> Vec<(Release, Result<UpToDate>)> {
    thread::scope(|scope| {
        let running: Vec<_> = releases
            .iter()
            .map(|&release| (release, scope.spawn(move || newest(release))))
            .collect();
        running
            .into_iter()
            .map(|(release, thread)| {
                let result = thread
                    .join()
                    .unwrap_or_else(|_| Err(anyhow::anyhow!("provisioning panicked")));
                (release, result)
            })
            .collect()
    })
}

fn newest(release: Release) -> Result<UpToDate> {
    let recipes = recipe::recipes(release);
    let Some(present) = find(release, &recipes) else {
        return Ok(UpToDate {
            installation: fetch(release, &recipes)?,
            remark: None,
        });
    };
    let (installation, remark) = match first_offer(release, &recipes) {
        Err(reasons) => {
            let remark = format!("whether there is a newer one is not known: {reasons:#}");
            (present, Some(remark))
        }
        Ok((_, offered)) if !is_newer(&offered, present.version()) => (present, None),
        Ok((recipe, offered)) => match cache::renew(release, recipe, &offered) {
            Ok(renewed) => {
                let remark = format!("{} was there; {offered} was fetched", present.version());
                (renewed, Some(remark))
            }
            Err(error) => {
                let remark = format!("{offered} is offered and cannot be fetched: {error:#}");
                (present, Some(remark))
            }
        },
    };
    Ok(UpToDate {
        installation,
        remark,
    })
}

/// The best recipe whose source answers, and what it offers.
fn first_offer(release: Release, recipes: &[Recipe]) -> Result<(&Recipe, String)> {
    let mut reasons = Vec::new();
    for recipe in recipes {
        match recipe.offered(release) {
            Ok(version) => return Ok((recipe, version)),
            Err(error) => reasons.push(format!("{recipe}: {error:#}")),
        }
    }
    bail!("{}", reasons.join("; "))
}

/// What is there of a release: the newer of what is installed and what is in the cache.
fn find(release: Release, recipes: &[Recipe]) -> Option<Installation> {
    let cached = cache::find(release, recipes);
    let Ok(installed) = installed(release, recipes) else {
        return cached;
    };
    let newer = cached.filter(|cached| is_newer(cached.version(), installed.version()));
    newer.or(Some(installed))
}

/// What the machine's packages installed, if it is of this release and has the extensions that tests want.
fn installed(release: Release, recipes: &[Recipe]) -> Result<Installation> {
    if release.is_older() {
        bail!("an older minor is fetched, whatever is installed");
    }
    let installation = installed::find(release.major())?;
    installed::check_extensions(&installation, recipes.iter().flat_map(Recipe::extensions))?;
    Ok(installation)
}

fn fetch(release: Release, recipes: &[Recipe]) -> Result<Installation> {
    let reasons = match cache::find_or_build(release, recipes) {
        Ok(installation) => return Ok(installation),
        Err(reasons) => reasons,
    };
    // Good for all but the tests of extensions that it lacks, which say what they miss.
    if !release.is_older()
        && let Ok(incomplete) = installed::find(release.major())
    {
        return Ok(incomplete);
    }
    let unfit = installed(release, recipes).err();
    let unfit = unfit.map(|reason| format!("installed on this machine: {reason:#}"));
    let tried: Vec<_> = unfit.into_iter().chain(reasons).collect();
    bail!(
        "PostgreSQL {release} cannot be had on this machine; tried\n  - {}",
        tried.join("\n  - ")
    )
}
