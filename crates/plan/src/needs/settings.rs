//! Settings that routines, databases and roles in them have.

use super::Check;
use crate::novelty;
use crate::obstacle::Obstacle;

impl Check<'_> {
    /// Settings that the server does not know, or that the role that restores may not set for others.
    pub(super) fn settings(&self, descriptor: &[u8], text: &[u8], obstacles: &mut Vec<Obstacle>) {
        for (setting, _) in novelty::settings(descriptor, text) {
            let obstacle = match self.target.settings.get(&setting) {
                Some(true) => continue,
                // Those of modules are known when the module is loaded. Until then a superuser may make up any.
                None if setting.contains(&b'.') && self.target.superuser => continue,
                None if !setting.contains(&b'.') => Obstacle::LacksSetting { setting },
                _ => Obstacle::MayNotSet { setting },
            };
            if !obstacles.contains(&obstacle) {
                obstacles.push(obstacle);
            }
        }
    }
}
