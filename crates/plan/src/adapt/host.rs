//! What the host manages that an archive comes from: it is of no use elsewhere, and there already where the host is the same.

use super::{AdaptKinds, Adapter};
use crate::adaptation::Adaptation;
use crate::profile::Profile;

impl Adapter<'_> {
    /// Leaves out what the archive's host manages. Rows go with it where that was asked for by name.
    pub(super) fn leave_to_host(&mut self, host: &Profile) {
        if !self.adapt.kinds.contains(AdaptKinds::HOST) {
            return;
        }
        let script = self.script;
        for step in script.steps() {
            let entry = script.entry(step);
            let name = entry.tag.clone().unwrap_or_default();
            let schema = entry.namespace.clone().unwrap_or_default();
            let owner = entry.owner.clone().unwrap_or_default();
            let is_default = entry.descriptor == "DEFAULT ACL" && host.manages_role(&owner);
            let is_managed = host.manages_schema(&schema)
                || host.manages(&entry.descriptor, &name)
                || is_default;
            if !is_managed {
                continue;
            }
            let adaptation = Adaptation::Managed {
                host: host.title.clone(),
            };
            match self.adapt.kinds.contains(AdaptKinds::HOST_ROWS) {
                true => self.change(step.entry, |changed| {
                    changed.is_left_out = true;
                    changed.adaptations = vec![adaptation];
                }),
                false => self.leave_out(step.entry, adaptation),
            };
        }
    }
}
