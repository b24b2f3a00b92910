//! The folder of fetched majors: one folder and one stamp each, guarded by a lock.
//!
//! A stamp is written last, so a folder without one is what an interrupted run left behind and is
//! built again from nothing.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::host;
use super::installation::Installation;
use super::recipe::Recipe;
use crate::Major;

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

/// Returns the cached installation of `major`, building it with the first recipe that succeeds.
///
/// # Errors
///
/// One reason for each recipe that was tried.
pub(super) fn find_or_build(major: Major, recipes: &[Recipe]) -> Result<Installation, Vec<String>> {
    let dir = cache_dir().map_err(|error| vec![format!("the cache: {error:#}")])?;
    find_or_build_in(&dir, major, recipes, Recipe::build)
}

/// The lock is held while building, so a second process waits and then finds the result.
fn find_or_build_in(
    dir: &Path,
    major: Major,
    recipes: &[Recipe],
    build: impl Fn(&Recipe, Major, &Path) -> Result<Installation>,
) -> Result<Installation, Vec<String>> {
    let cache_failed = |error| vec![format!("the cache: {error:#}")];
    let slots = recipes.iter().map(|recipe| Slot::open(dir, major, recipe));
    let slots: Vec<_> = slots.collect::<Result<_>>().map_err(cache_failed)?;
    if let Some(installation) = slots.iter().find_map(Slot::read_stamp) {
        return Ok(installation);
    }
    let lock_file = dir.join(format!("{major}.lock"));
    let _lock = lock(&lock_file).map_err(cache_failed)?;
    if let Some(installation) = slots.iter().find_map(Slot::read_stamp) {
        return Ok(installation);
    }
    let mut reasons = Vec::new();
    for slot in &slots {
        match slot.fill(&build) {
            Ok(installation) => return Ok(installation),
            Err(error) => reasons.push(format!("{}: {error:#}", slot.recipe)),
        }
    }
    Err(reasons)
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

/// The place in the cache of what one recipe makes of a major.
struct Slot<'a> {
    major: Major,
    recipe: &'a Recipe,
    tree: PathBuf,
    stamp: PathBuf,
}

impl<'a> Slot<'a> {
    fn open(dir: &Path, major: Major, recipe: &'a Recipe) -> Result<Slot<'a>> {
        create_open(dir)?;
        let folder = recipe.folder(major);
        Ok(Slot {
            major,
            recipe,
            stamp: dir.join(format!("{folder}.stamp")),
            tree: dir.join(folder),
        })
    }

    /// Trusts a stamp only when today's recipe wrote it.
    fn read_stamp(&self) -> Option<Installation> {
        let text = fs::read_to_string(&self.stamp).ok()?;
        let (recipe, rest) = text.split_once('\n')?;
        Installation::from_stamp(self.major, rest).filter(|_| recipe == stamp_heading(self.recipe))
    }

    fn fill(
        &self,
        build: impl Fn(&Recipe, Major, &Path) -> Result<Installation>,
    ) -> Result<Installation> {
        let recipe = self.recipe;
        remove_if_there(fs::remove_file(&self.stamp))?;
        remove_if_there(fs::remove_dir_all(&self.tree))?;
        fs::create_dir(&self.tree).with_context(|| format!("creating {}", self.tree.display()))?;
        match build(recipe, self.major, &self.tree) {
            Ok(installation) => {
                host::open_to_all(&self.tree)?;
                let unfinished = self.stamp.with_extension("stamp-unfinished");
                let text = format!("{}\n{}", stamp_heading(recipe), installation.to_stamp());
                fs::write(&unfinished, text)
                    .and_then(|()| fs::rename(&unfinished, &self.stamp))
                    .with_context(|| format!("writing {}", self.stamp.display()))?;
                Ok(installation)
            }
            Err(error) => {
                remove_if_there(fs::remove_dir_all(&self.tree))?;
                Err(error)
            }
        }
    }
}

fn stamp_heading(recipe: &Recipe) -> String {
    format!("recipe={recipe}")
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

    const FIRST: Recipe = Recipe::Debian {
        suite: "first",
        add_ons: &[],
    };
    const SECOND: Recipe = Recipe::Debian {
        suite: "second",
        add_ons: &[],
    };

    /// Puts files into `tree` that only have the right names.
    fn pretend(recipe: &Recipe, major: Major, tree: &Path) -> Result<Installation> {
        for program in ["postgres", "pg_restore"] {
            fs::write(tree.join(program), "")?;
        }
        let bin = tree.display();
        let stamp = format!("version=17.1\nsource={recipe}\nserver={bin}\ntools={bin}\n");
        Installation::from_stamp(major, &stamp).context("the files are there")
    }

    #[test]
    fn what_is_complete_is_not_built_again() {
        let dir = tempfile::tempdir().unwrap();
        let find = |build: &dyn Fn(&Recipe, Major, &Path) -> Result<Installation>| {
            find_or_build_in(dir.path(), Major::V17, &[FIRST], build)
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
        find_or_build_in(dir.path(), Major::V17, &[FIRST], pretend).unwrap();
        assert!(!left.exists());
    }

    #[test]
    fn what_another_recipe_built_is_neither_used_nor_touched() {
        let dir = tempfile::tempdir().unwrap();
        let first = find_or_build_in(dir.path(), Major::V17, &[FIRST], pretend).unwrap();
        let found = find_or_build_in(dir.path(), Major::V17, &[SECOND], pretend).unwrap();
        assert_eq!(found.source(), SECOND.to_string());
        assert!(first.server_bin().join("postgres").exists());
    }

    #[test]
    fn every_recipe_is_tried_and_every_failure_told() {
        let dir = tempfile::tempdir().unwrap();
        let fail = |recipe: &Recipe, _: Major, _: &Path| bail!("no {recipe} today");
        let reasons = find_or_build_in(dir.path(), Major::V17, &[FIRST, SECOND], fail).unwrap_err();
        assert_eq!(reasons.len(), 2);
        assert!(reasons[1].contains("no Debian second today"), "{reasons:?}");
        assert!(!dir.path().join("17-debian-second").exists());

        let second_only = |recipe: &Recipe, major: Major, tree: &Path| match recipe {
            recipe if *recipe == SECOND => pretend(recipe, major, tree),
            _ => bail!("no"),
        };
        let recipes = [FIRST, SECOND];
        let found = find_or_build_in(dir.path(), Major::V17, &recipes, second_only).unwrap();
        assert_eq!(found.source(), SECOND.to_string());
    }

    #[test]
    fn two_at_once_build_only_once() {
        let dir = tempfile::tempdir().unwrap();
        let built = AtomicUsize::new(0);
        let slowly = |recipe: &Recipe, major: Major, tree: &Path| {
            built.fetch_add(1, Ordering::Relaxed);
            thread::sleep(std::time::Duration::from_millis(50));
            pretend(recipe, major, tree)
        };
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    find_or_build_in(dir.path(), Major::V17, &[FIRST], slowly).unwrap();
                });
            }
        });
        assert_eq!(built.into_inner(), 1);
    }
}
