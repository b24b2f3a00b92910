//! Objects whose owners the role that restores may not set: they become its own.

use bstr::BString;

use super::Adapter;
use crate::adaptation::Adaptation;

impl Adapter<'_> {
    /// Leaves an object to the role that restores, which then has and gives the privileges that its owner had and gave.
    pub(super) fn disown(&mut self, at: usize, owner: &BString) -> bool {
        let has_changed = self.change(at, |changed| {
            changed.entry.owner = None;
            changed.note(Adaptation::Owner {
                owner: owner.clone(),
            });
            true
        });
        let dump_id = self.script.entries()[at].dump_id;
        for at in self.needing.get(&dump_id).cloned().unwrap_or_default() {
            if self.script.entries()[at].descriptor == "ACL" {
                self.change(at, |changed| {
                    changed.entry.owner = None;
                    true
                });
            }
        }
        has_changed
    }
}
