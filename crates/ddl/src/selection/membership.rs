//! Extension membership, which overrides every other decision about what is dumped.

use crate::Components;
use crate::state::dump::Dump;
use crate::state::object::DumpId;

/// Marks the object as a member where an extension owns it, and says whether that is so.
///
/// `CREATE EXTENSION` brings its members back, so nothing is dumped of them but privileges that were changed since the
/// extension was installed.
pub(crate) fn check(dump: &mut Dump, id: DumpId) -> bool {
    let catalog_id = dump.objects.get(id).catalog_id;
    let Some(&extension) = dump.extension_of.get(&catalog_id) else {
        return false;
    };
    let contains = dump.objects.get(extension).dump_contains;
    let object = dump.objects.get_mut(id);
    object.ext_member = true;
    object.dump = contains & Components::ACL;
    object.dependencies.push(extension);
    true
}
