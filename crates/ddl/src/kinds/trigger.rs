//! Triggers.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, Trigger, class};

use crate::annotations::extension_dependency;
use crate::contents::toc::Toc;
use crate::families::table_part::{self, Whole};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every trigger.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.details.post_data.triggers.len() {
        let row = &dump.details.post_data.triggers[i];
        let (name, table) = (row.name.clone(), row.table);
        let catalog_id = CatalogId::new(class::PG_TRIGGER, row.oid);
        let id = table_part::add(dump, Kind::Trigger(i), catalog_id, name, table)?;
        dump.objects.get_mut(id).dump = Components::all();
    }
    Ok(())
}

/// Renders a trigger and the comment on it.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.details.post_data.triggers[index];
    let table = Whole::find(dump, object, row.table)?;
    if object.dumps(Components::DEFINITION) {
        let mut entry = table.inner_entry(object, "TRIGGER");
        if row.is_clone {
            // It comes with its parent, and only its state is its own.
            entry.definition = Some(switch(dump, row, &table));
            entry.drop = Some(BString::default());
        } else {
            let on_table = sql!["TRIGGER ", dump.ident(&row.name), " ON ", table.qualified];
            let mut text = sql![row.definition, ";\n"];
            push!(
                text,
                extension_dependency::statements(dump, object, &on_table)
            );
            if row.enabled != b'O' {
                push!(text, switch(dump, row, &table));
            }
            entry.definition = Some(text);
            entry.drop = Some(sql!["DROP ", on_table, ";\n"]);
        }
        toc.push(entry);
    }
    if object.dumps(Components::COMMENT) {
        table.comment_on(dump, toc, object, "TRIGGER", object.id);
    }
    Ok(())
}

/// The statement that gives a trigger its state.
fn switch(dump: &Dump, row: &Trigger, table: &Whole<'_>) -> BString {
    let name = dump.ident(&row.name);
    let state = state(row.enabled);
    sql![
        "\n",
        table.alter(),
        " ",
        table.qualified,
        " ",
        state,
        " TRIGGER ",
        name,
        ";\n"
    ]
}

/// The key words for a state of triggers, event triggers and rules.
pub(crate) fn state(enabled: u8) -> &'static str {
    match enabled {
        b'D' => "DISABLE",
        b'A' => "ENABLE ALWAYS",
        b'R' => "ENABLE REPLICA",
        _ => "ENABLE",
    }
}
