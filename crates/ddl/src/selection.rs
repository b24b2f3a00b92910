//! What is dumped of objects whose kind has no rule of its own.

pub(crate) mod membership;
pub(crate) mod row_choice;
pub(crate) mod rows;

use crate::Components;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind};

/// OIDs up to this one are given out by initdb: such objects exist in every database and are not dumped.
pub(crate) const LAST_BUILTIN_OID: u32 = 16383;

/// Everything or nothing, by whether the dump is restricted to some schemas or tables.
pub(crate) fn everything(dump: &Dump) -> Components {
    if dump.options.restricted {
        Components::empty()
    } else {
        Components::all()
    }
}

/// The common rule: what the schema says, or, for objects outside schemas, everything unless the dump is restricted.
pub(crate) fn select(dump: &mut Dump, id: DumpId) {
    if membership::check(dump, id) {
        return;
    }
    let selected = match dump.objects.get(id).namespace {
        Some(namespace) => dump.namespace_object(namespace).dump_contains,
        None => everything(dump),
    };
    dump.objects.get_mut(id).dump = selected;
}

/// The rule for kinds that stand outside schemas and of which initdb makes some: those are not dumped.
pub(crate) fn select_unless_builtin(dump: &mut Dump, id: DumpId) {
    if membership::check(dump, id) {
        return;
    }
    let builtin = dump.objects.get(id).catalog_id.oid <= LAST_BUILTIN_OID;
    let selected = if builtin {
        Components::empty()
    } else {
        everything(dump)
    };
    dump.objects.get_mut(id).dump = selected;
}

/// Whether comments are dumped of objects that initdb made, schemas apart: only where somebody asked for a system schema.
pub(crate) fn comments_on_builtin(dump: &Dump) -> bool {
    dump.objects.iter().any(|object| {
        !matches!(object.kind, Kind::Namespace(_))
            && object.catalog_id.tableoid != 0
            && object.catalog_id.oid <= LAST_BUILTIN_OID
            && object.dumps(Components::COMMENT)
    })
}
