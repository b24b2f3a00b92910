//! Where the cache keeps what one recipe makes: a folder, and a stamp that names it.
//!
//! A stamp is written last, so a folder that no stamp names is what an interrupted run or an earlier renewal left behind, and may be built
//! anew from nothing.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::cache::remove_if_there;
use super::host;
use super::installation::Installation;
use super::recipe::Recipe;
use crate::Release;

/// The place in the cache of what one recipe makes of a major.
pub(super) struct Slot<'a> {
    release: Release,
    recipe: &'a Recipe,
    dir: PathBuf,
    stamp: PathBuf,
}

impl<'a> Slot<'a> {
    pub(super) fn new(dir: &Path, release: Release, recipe: &'a Recipe) -> Slot<'a> {
        let stamp = format!("{}.stamp", recipe.folder(release));
        Slot {
            release,
            recipe,
            dir: dir.to_owned(),
            stamp: dir.join(stamp),
        }
    }

    pub(super) fn recipe(&self) -> &Recipe {
        self.recipe
    }

    /// Trusts a stamp only when today's recipe wrote it.
    pub(super) fn read_stamp(&self) -> Option<Installation> {
        let text = fs::read_to_string(&self.stamp).ok()?;
        let (recipe, rest) = text.split_once('\n')?;
        Installation::from_stamp(self.release.major(), rest)
            .filter(|_| recipe == stamp_heading(self.recipe))
    }

    /// Builds into a folder that nothing runs from. What the stamp named before stays for the servers that run from it, and goes when
    /// the slot is filled the next time.
    pub(super) fn fill(
        &self,
        build: impl Fn(&Recipe, Release, &Path) -> Result<Installation>,
    ) -> Result<Installation> {
        let [first, second] = self.trees();
        let present = self.read_stamp();
        let tree = match present {
            Some(present) if present.server_bin().starts_with(&first) => second,
            _ => first,
        };
        remove_if_there(fs::remove_dir_all(&tree))?;
        fs::create_dir(&tree).with_context(|| format!("creating {}", tree.display()))?;
        match build(self.recipe, self.release, &tree) {
            Ok(installation) => {
                host::open_to_all(&tree)?;
                let unfinished = self.stamp.with_extension("stamp-unfinished");
                let heading = stamp_heading(self.recipe);
                let text = format!("{heading}\n{}", installation.to_stamp());
                fs::write(&unfinished, text)
                    .and_then(|()| fs::rename(&unfinished, &self.stamp))
                    .with_context(|| format!("writing {}", self.stamp.display()))?;
                Ok(installation)
            }
            Err(error) => {
                remove_if_there(fs::remove_dir_all(&tree))?;
                Err(error)
            }
        }
    }

    /// The two folders that are filled in turn.
    fn trees(&self) -> [PathBuf; 2] {
        let folder = self.recipe.folder(self.release);
        [
            self.dir.join(&folder),
            self.dir.join(format!("{folder}.renewed")),
        ]
    }
}

fn stamp_heading(recipe: &Recipe) -> String {
    format!("recipe={recipe}")
}
