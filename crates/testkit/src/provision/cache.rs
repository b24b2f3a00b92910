//! The folder of fetched releases, guarded by a lock for each major.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};

use super::host;
use super::installation::{Installation, is_newer};
use super::recipe::Recipe;
use super::slot::Slot;
use crate::Release;

/// The environment variable that moves the cache.
pub const CACHE_VARIABLE: &str = "PGDUMPRS_PG_CACHE";

/// The folder that holds fetched majors and data directory templates.
///
/// `PGDUMPRS_PG_CACHE` decides. Without it, root uses `/var/cache/pgdumprs`, because servers then
/// run as another user, who cannot enter root's home; everybody else uses
/// `$XDG_CACHE_HOME/pgdumprs` or `~/.cache/pgdumprs`.
///
/// # Errors
///
/// When there is neither a variable nor a home folder, or the path is not absolute.
pub fn cache_dir() -> Result<PathBuf> {
    let from_environment = |name| std::env::var_os(name).filter(|value| !value.is_empty());
    let dir = if let Some(dir) = from_environment(CACHE_VARIABLE) {
        PathBuf::from(dir)
    } else if host::effective_uid()? == 0 {
        PathBuf::from("/var/cache/pgdumprs")
    } else if let Some(dir) = from_environment("XDG_CACHE_HOME") {
        Path::new(&dir).join("pgdumprs")
    } else if let Some(home) = from_environment("HOME") {
        Path::new(&home).join(".cache/pgdumprs")
    } else {
        bail!("neither {CACHE_VARIABLE} nor HOME is set: where shall PostgreSQL be kept?");
    };
    if !dir.is_absolute() {
        bail!("the cache folder {} is not absolute", dir.display());
    }
    Ok(dir)
}

/// Returns the newest cached installation of `release`; `None` where nothing is there that today's recipes would fetch.
pub(super) fn find(release: Release, recipes: &[Recipe]) -> Option<Installation> {
    newest(&slots(&cache_dir().ok()?, release, recipes))
}

/// Returns the cached installation of `release`, building it with the first recipe that succeeds.
///
/// # Errors
///
/// One reason for each recipe that was tried.
pub(super) fn find_or_build(
    release: Release,
    recipes: &[Recipe],
) -> Result<Installation, Vec<String>> {
    let dir = cache_dir().map_err(|error| vec![format!("the cache: {error:#}")])?;
    find_or_build_in(&dir, release, recipes, None, Recipe::build)
}

/// Builds `release` again by `recipe`, unless another process has just brought the cache to `version`. What was there stays beside it.
///
/// # Errors
///
/// When it cannot be built.
pub(super) fn renew(release: Release, recipe: &Recipe, version: &str) -> Result<Installation> {
    let recipes = std::slice::from_ref(recipe);
    find_or_build_in(
        &cache_dir()?,
        release,
        recipes,
        Some(version),
        Recipe::build,
    )
    .map_err(|reasons| anyhow!(reasons.join("; ")))
}

/// The lock is held while building, so a second process waits and then finds the result. What is there and older than `at_least` does
/// not do.
fn find_or_build_in(
    dir: &Path,
    release: Release,
    recipes: &[Recipe],
    at_least: Option<&str>,
    build: impl Fn(&Recipe, Release, &Path) -> Result<Installation>,
) -> Result<Installation, Vec<String>> {
    let cache_failed = |error| vec![format!("the cache: {error:#}")];
    let slots = slots(dir, release, recipes);
    let good_enough = || {
        newest(&slots)
            .filter(|found| at_least.is_none_or(|version| !is_newer(version, found.version())))
    };
    if let Some(installation) = good_enough() {
        return Ok(installation);
    }
    create_open(dir).map_err(cache_failed)?;
    let lock_file = dir.join(format!("{}.lock", release.major()));
    let _lock = lock(&lock_file).map_err(cache_failed)?;
    if let Some(installation) = good_enough() {
        return Ok(installation);
    }
    let mut reasons = Vec::new();
    for slot in &slots {
        match slot.fill(&build) {
            Ok(installation) => return Ok(installation),
            Err(error) => reasons.push(format!("{}: {error:#}", slot.recipe())),
        }
    }
    Err(reasons)
}

fn slots<'a>(dir: &Path, release: Release, recipes: &'a [Recipe]) -> Vec<Slot<'a>> {
    let slots = recipes.iter().map(|recipe| Slot::new(dir, release, recipe));
    slots.collect()
}

/// The newest of what is there; of equals the one whose recipe is better.
fn newest(slots: &[Slot<'_>]) -> Option<Installation> {
    let found = slots.iter().filter_map(Slot::read_stamp);
    found.reduce(|best, other| {
        if is_newer(other.version(), best.version()) {
            other
        } else {
            best
        }
    })
}

/// Creates a folder that everybody may enter, unless it is there.
pub(crate) fn create_open(folder: &Path) -> Result<()> {
    if !folder.is_dir() {
        fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
        host::open_to_all(folder)?;
    }
    Ok(())
}

/// Takes an exclusive lock that ends with the returned file.
pub(crate) fn lock(path: &Path) -> Result<File> {
    let file = File::create(path).with_context(|| format!("creating {}", path.display()))?;
    file.lock()
        .with_context(|| format!("locking {}", path.display()))?;
    Ok(file)
}

/// Takes it for success that there was nothing to remove.
pub(super) fn remove_if_there(result: io::Result<()>) -> Result<()> {
    match result {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(error).context("removing what an earlier run left")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::thread;

    use super::*;
    use crate::Major;

    const FIRST: Recipe = Recipe::Debian {
        suites: &["first"],
        add_ons: &[],
    };
    const SECOND: Recipe = Recipe::Debian {
        suites: &["second"],
        add_ons: &[],
    };

    /// Puts files into `tree` that only have the right names.
    fn pretend(recipe: &Recipe, release: Release, tree: &Path) -> Result<Installation> {
        pretend_version("17.1", recipe, release, tree)
    }

    fn pretend_version(
        version: &str,
        recipe: &Recipe,
        release: Release,
        tree: &Path,
    ) -> Result<Installation> {
        for program in ["postgres", "pg_restore"] {
            fs::write(tree.join(program), "")?;
        }
        let bin = tree.display();
        let stamp = format!("version={version}\nsource={recipe}\nserver={bin}\ntools={bin}\n");
        Installation::from_stamp(release.major(), &stamp).context("the files are there")
    }

    #[test]
    fn what_is_complete_is_not_built_again() {
        let dir = tempfile::tempdir().unwrap();
        let find = |build: &dyn Fn(&Recipe, Release, &Path) -> Result<Installation>| {
            find_or_build_in(dir.path(), Major::V17.into(), &[FIRST], None, build)
        };
        let built = find(&pretend).unwrap();
        assert_eq!(built.version(), "17.1");
        let found = find(&|_, _, _| panic!("built again")).unwrap();
        assert_eq!(found, built);
    }

    #[test]
    fn what_an_interrupted_run_left_is_built_again() {
        let dir = tempfile::tempdir().unwrap();
        let left = dir.path().join("17-debian-first/half");
        fs::create_dir_all(&left).unwrap();
        find_or_build_in(dir.path(), Major::V17.into(), &[FIRST], None, pretend).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn what_another_recipe_built_is_neither_used_nor_touched() {
        let dir = tempfile::tempdir().unwrap();
        let first =
            find_or_build_in(dir.path(), Major::V17.into(), &[FIRST], None, pretend).unwrap();
        let found =
            find_or_build_in(dir.path(), Major::V17.into(), &[SECOND], None, pretend).unwrap();
        assert_eq!(found.source(), SECOND.to_string());
        assert!(first.server_bin().join("postgres").exists());
    }

    #[test]
    fn every_recipe_is_tried_and_every_failure_told() {
        let dir = tempfile::tempdir().unwrap();
        let fail = |recipe: &Recipe, _: Release, _: &Path| bail!("no {recipe} today");
        let reasons = find_or_build_in(dir.path(), Major::V17.into(), &[FIRST, SECOND], None, fail)
            .unwrap_err();
        assert_eq!(reasons.len(), 2);
        assert!(reasons[1].contains("no Debian second today"), "{reasons:?}");
        assert!(!dir.path().join("17-debian-second").exists());

        let second_only = |recipe: &Recipe, release: Release, tree: &Path| match recipe {
            recipe if *recipe == SECOND => pretend(recipe, release, tree),
            _ => bail!("no"),
        };
        let recipes = [FIRST, SECOND];
        let found =
            find_or_build_in(dir.path(), Major::V17.into(), &recipes, None, second_only).unwrap();
        assert_eq!(found.source(), SECOND.to_string());
    }

    #[test]
    fn two_at_once_build_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let built = AtomicUsize::new(0);
        let slowly = |recipe: &Recipe, release: Release, tree: &Path| {
            built.fetch_add(1, Ordering::Relaxed);
            thread::sleep(std::time::Duration::from_millis(50));
            pretend(recipe, release, tree)
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    find_or_build_in(dir.path(), Major::V17.into(), &[FIRST], None, slowly)
                        .unwrap();
                });
            }
        });
        assert_eq!(built.into_inner(), 1);
    }

    #[test]
    fn what_is_older_than_what_is_offered_is_built_beside_it() {
        let dir = tempfile::tempdir().unwrap();
        let renew = |version: &str| {
            let build = |recipe: &Recipe, release: Release, tree: &Path| {
                pretend_version(version, recipe, release, tree)
            };
            find_or_build_in(
                dir.path(),
                Major::V17.into(),
                &[FIRST],
                Some(version),
                build,
            )
            .unwrap()
        };
        let first = renew("17.9");
        let second = renew("17.10");
        assert_eq!(second.version(), "17.10");
        assert_ne!(first.server_bin(), second.server_bin());
        // Servers may still be running from it.
        assert!(first.server_bin().join("postgres").exists());
        assert_eq!(renew("17.10"), second);
        assert_eq!(renew("17.2"), second);
        // The next one takes the place of the first, so that there are never more than two.
        assert_eq!(renew("17.11").server_bin(), first.server_bin());
        assert!(second.server_bin().join("postgres").exists());
    }

    #[test]
    fn a_renewal_that_fails_leaves_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let release = Major::V17.into();
        let there = find_or_build_in(dir.path(), release, &[FIRST], None, pretend).unwrap();
        let fail = |_: &Recipe, _: Release, _: &Path| bail!("the network is gone");
        find_or_build_in(dir.path(), release, &[FIRST], Some("17.2"), fail).unwrap_err();
        let found = newest(&slots(dir.path(), release, &[FIRST]));
        assert_eq!(found, Some(there));
    }

    #[test]
    fn the_newest_of_what_is_there_is_taken() {
        let dir = tempfile::tempdir().unwrap();
        let build = |version: &'static str| {
            move |recipe: &Recipe, release: Release, tree: &Path| {
                pretend_version(version, recipe, release, tree)
            }
        };
        let release = Major::V17.into();
        let at_once = |recipe, version| {
            find_or_build_in(dir.path(), release, &[recipe], None, build(version)).unwrap();
        };
        at_once(FIRST, "17.9");
        at_once(SECOND, "17.10");
        let found = newest(&slots(dir.path(), release, &[FIRST, SECOND])).unwrap();
        assert_eq!(found.version(), "17.10");
    }
}
