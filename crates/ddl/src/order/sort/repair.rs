//! Breaking dependency loops, each kind of loop in its own way.
//!
//! The cases and their order are pg_dump's: a different choice would restore as well, but give another archive.

use crate::Components;
use crate::order::depend::Boundaries;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, LoopRole, Object};

/// Breaks a loop, given as objects of which each depends on the next and the last on the first.
pub(super) fn repair(dump: &mut Dump, members: &[DumpId], boundaries: Boundaries) {
    let done = match members {
        [id] => repair_self(dump, *id),
        [a, b] => repair_pair(dump, *a, *b) || repair_pair(dump, *b, *a),
        _ => repair_long(dump, members, boundaries),
    };
    if !done {
        give_up_one(dump, members);
    }
}

fn is_table(object: &Object) -> bool {
    matches!(object.kind, Kind::Table(_))
}

fn is_type(object: &Object) -> bool {
    matches!(object.kind, Kind::Type(_))
}

fn is_attrdef(object: &Object) -> bool {
    matches!(object.kind, Kind::AttrDef(_))
}

/// A table can depend on itself, through columns that depend on columns: no harm in that.
fn repair_self(dump: &mut Dump, id: DumpId) -> bool {
    let table = is_table(dump.objects.get(id));
    if table {
        dump.objects.remove_dependency(id, id);
    }
    table
}

/// Loops between a whole and a part that is written inside it need no more than to forget that the part needs the whole.
fn repair_pair(dump: &mut Dump, whole_id: DumpId, part_id: DumpId) -> bool {
    let (whole, part) = (dump.objects.get(whole_id), dump.objects.get(part_id));
    if is_type(whole) && matches!(part.kind, Kind::Function(_)) {
        let shell = whole.shell_type;
        repair_type_and_function(dump, whole_id, part_id, shell);
        return true;
    }
    if part.part_of != Some(whole_id) {
        return false;
    }
    let inside = match part.loop_role {
        LoopRole::SelectRule => matches!(whole.loop_role, LoopRole::View | LoopRole::Matview),
        LoopRole::Check => is_table(whole) || is_type(whole),
        // An index partition is not written inside its parent, but it too can be created without waiting for it.
        _ => is_attrdef(part) || matches!(part.kind, Kind::Index(_)),
    };
    if inside {
        dump.objects.remove_dependency(part_id, whole_id);
    }
    inside
}

/// A type and its I/O or canonical function: the function makes do with the shell type, which must then be dumped where the
/// function is.
fn repair_type_and_function(
    dump: &mut Dump,
    type_id: DumpId,
    function: DumpId,
    shell: Option<DumpId>,
) {
    dump.objects.remove_dependency(function, type_id);
    let Some(shell) = shell else { return };
    dump.objects.add_dependency(function, shell);
    let selected = dump.objects.get(function).dump;
    if !selected.is_empty() {
        dump.objects.get_mut(shell).dump = selected | Components::DEFINITION;
    }
}

fn repair_long(dump: &mut Dump, members: &[DumpId], boundaries: Boundaries) -> bool {
    let find = |dump: &Dump, wanted: &dyn Fn(&Object) -> bool| {
        members
            .iter()
            .copied()
            .find(|&id| wanted(dump.objects.get(id)))
    };
    // A view whose rule needs something that needs the view: an empty view first, the rule later.
    for &view in members {
        if dump.objects.get(view).loop_role != LoopRole::View || !is_table(dump.objects.get(view)) {
            continue;
        }
        let rule = find(dump, &|o| {
            o.loop_role == LoopRole::SelectRule && o.part_of == Some(view)
        });
        if let Some(rule) = rule {
            dump.objects.get_mut(view).dummy_view = true;
            separate(dump, view, rule, Some(boundaries.post_data));
            return true;
        }
    }
    // A materialized view, or a function, that needs something from post-data: it moves there itself.
    for &id in members {
        let object = dump.objects.get(id);
        let boundary = match (object.kind, object.loop_role) {
            (Kind::Table(_), LoopRole::Matview) => boundaries.pre_data,
            (Kind::RelationStatistics(_), LoopRole::Matview) => boundaries.post_data,
            _ => continue,
        };
        if let Some(at) = members.iter().position(|&member| member == boundary) {
            postpone_after(dump, members, at, |object| {
                object.loop_role == LoopRole::Matview
            });
            return true;
        }
    }
    if find(dump, &|o| matches!(o.kind, Kind::Function(_))).is_some() {
        let boundary = boundaries.pre_data;
        if let Some(at) = members.iter().position(|&member| member == boundary) {
            postpone_after(dump, members, at, |object| {
                matches!(object.kind, Kind::Function(_))
            });
            return true;
        }
    }
    // Parts that can be added to their table or domain later.
    if separate_part(
        dump,
        members,
        is_table,
        |o| o.loop_role == LoopRole::Check,
        Some(boundaries.post_data),
    ) || separate_part(dump, members, is_table, is_attrdef, None)
        || separate_part(
            dump,
            members,
            is_type,
            |o| o.loop_role == LoopRole::Check,
            Some(boundaries.post_data),
        )
    {
        return true;
    }
    false
}

/// Looks for a whole and a part of it in the loop, and makes the part an entry of its own.
fn separate_part(
    dump: &mut Dump,
    members: &[DumpId],
    is_whole: impl Fn(&Object) -> bool,
    is_part: impl Fn(&Object) -> bool,
    after: Option<DumpId>,
) -> bool {
    for &whole in members {
        if !is_whole(dump.objects.get(whole)) {
            continue;
        }
        let part = members.iter().copied().find(|&id| {
            let object = dump.objects.get(id);
            object.part_of == Some(whole) && is_part(object)
        });
        if let Some(part) = part {
            separate(dump, whole, part, after);
            return true;
        }
    }
    false
}

/// The whole no longer waits for the part; the part waits for the whole, and for the boundary `after`.
fn separate(dump: &mut Dump, whole: DumpId, part: DumpId, after: Option<DumpId>) {
    dump.objects.remove_dependency(whole, part);
    dump.objects.get_mut(part).separate = true;
    // An earlier repair of the pair alone may have removed this one: it counts again now.
    dump.objects.add_dependency(part, whole);
    if let Some(boundary) = after {
        dump.objects.add_dependency(part, boundary);
    }
}

/// Lets the object after the boundary at `at` cross it. That object is not always the culprit itself: it may be its row type,
/// and the next attempt will come to the culprit.
fn postpone_after(
    dump: &mut Dump,
    members: &[DumpId],
    at: usize,
    is_culprit: impl Fn(&Object) -> bool,
) {
    let next = members[(at + 1) % members.len()];
    dump.objects.remove_dependency(members[at], next);
    if is_culprit(dump.objects.get(next)) {
        dump.objects.get_mut(next).postponed = true;
    }
}

/// No rule applies: gives up the first dependency of the loop and says so.
fn give_up_one(dump: &mut Dump, members: &[DumpId]) {
    let names = members
        .iter()
        .map(|&id| dump.objects.get(id).to_string())
        .collect::<Vec<_>>()
        .join(", ");
    let data_only = members
        .iter()
        .all(|&id| matches!(dump.objects.get(id).kind, Kind::TableData(_)));
    // The order of what is not dumped matters to nobody.
    let is_dumped = |&id: &DumpId| !dump.objects.get(id).dump.is_empty();
    if data_only {
        dump.warnings.push(format!(
            "circular foreign keys among {names}: a data-only restore may need --disable-triggers, or the constraints \
             dropped for its duration; a full dump does not have this problem"
        ));
    } else if dump.options.schema && members.iter().any(is_dumped) {
        dump.warnings.push(format!(
            "dependency loop among {names}: no way to break it is known, so one of its dependencies is ignored"
        ));
    }
    let next = members[1 % members.len()];
    dump.objects.remove_dependency(members[0], next);
}
