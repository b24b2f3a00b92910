//! Rewrite rules.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, Rule, class, relkind};

use crate::contents::toc::Toc;
use crate::families::table_part::{self, Whole};
use crate::kinds::trigger::state;
use crate::kinds::view;
use crate::state::dump::Dump;
use crate::state::object::{Kind, LoopRole, Object};
use crate::{Components, Error};

/// Makes an object of every rule, those of system views included.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.details.post_data.rules.len() {
        let row = &dump.details.post_data.rules[i];
        let (name, table, is_select) = (row.name.clone(), row.table, row.is_select);
        let catalog_id = CatalogId::new(class::PG_REWRITE, row.oid);
        let id = table_part::add(dump, Kind::Rule(i), catalog_id, name, table)?;
        let object = dump.objects.get(id);
        let whole = Whole::find(dump, object, table)?;
        let is_query = is_select && matches!(whole.row.relkind, relkind::VIEW | relkind::MATVIEW);
        let whole = whole.object.id;
        if is_query {
            // What the rule needs, the view needs: it is part of CREATE VIEW, if nothing speaks against it.
            dump.objects.get_mut(id).loop_role = LoopRole::SelectRule;
            dump.objects.add_dependency(whole, id);
        } else {
            dump.objects.get_mut(id).separate = true;
            dump.objects.add_dependency(id, whole);
        }
    }
    Ok(())
}

/// Renders a rule and the comment on it, unless it is part of CREATE VIEW.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema || !object.separate {
        return Ok(());
    }
    let row = &dump.details.post_data.rules[index];
    let table = Whole::find(dump, object, row.table)?;
    if object.dumps(Components::DEFINITION) {
        let mut entry = table.inner_entry(object, "RULE");
        if row.is_select {
            // The view is there as a dummy by now, and goes back to be one before what its query needs is dropped.
            let replace = sql!["CREATE OR REPLACE VIEW ", table.qualified];
            let body = view::body(dump, table.object, table.index)?;
            entry.definition = Some(sql![replace, body, ";\n", switch(dump, row, &table)]);
            entry.drop = Some(sql![replace, view::dummy_body(dump, table.index), ";\n"]);
        } else {
            let definition = row
                .definition
                .as_ref()
                .ok_or_else(|| dump.missing(object, "its definition"))?;
            entry.definition = Some(sql![definition, "\n", switch(dump, row, &table)]);
            let name = dump.ident(&row.name);
            entry.drop = Some(sql!["DROP RULE ", name, " ON ", table.qualified, ";\n"]);
        }
        toc.push(entry);
    }
    if object.dumps(Components::COMMENT) {
        table.comment_on(dump, toc, object, "RULE", object.id);
    }
    Ok(())
}

/// The statement that gives a rule its state, where that is not the usual one.
fn switch(dump: &Dump, row: &Rule, table: &Whole<'_>) -> BString {
    if row.enabled == b'O' {
        return BString::default();
    }
    let name = dump.ident(&row.name);
    sql![
        "ALTER TABLE ",
        table.qualified,
        " ",
        state(row.enabled),
        " RULE ",
        name,
        ";\n"
    ]
}
