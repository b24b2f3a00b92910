//! What there is by a name at some moment of the script: it makes and drops things as it goes.

use super::Check;
use crate::made::{Name, Namespace};

impl Check<'_> {
    /// Whether there will be no thing of that name, and nothing in the script was to make it. Where something was, the entry hangs on that.
    pub(super) fn lacks(&mut self, namespace: Namespace, schema: &[u8], name: &[u8]) -> bool {
        let name = Name {
            namespace,
            schema: schema.into(),
            name: name.into(),
        };
        if self.made.contains(&name) || self.is_in_the_way(&name) {
            return false;
        }
        if let Some(&reason) = self.lost_names.get(&name) {
            self.reason = Some(reason);
            return false;
        }
        // Nobody has asked what a new database will have from its template, nor what extensions make.
        !self.own_database && !self.has_new_extension
    }

    /// Whether the target has what is about to be made.
    pub(super) fn is_in_the_way(&self, name: &Name) -> bool {
        let is_asked = !self.own_database || name.namespace == Namespace::Database;
        is_asked && !self.gone.contains(name) && self.target.objects.contains(name)
    }
}
