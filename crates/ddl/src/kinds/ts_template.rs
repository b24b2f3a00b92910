//! Text search templates.

use bstr::BStr;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every text search template.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.ts_templates.len() {
        let row = dump.listing.type_system.ts_templates[i].clone();
        let catalog_id = CatalogId::new(class::PG_TS_TEMPLATE, row.oid);
        let kind = Kind::TsTemplate(i);
        type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
    }
    Ok(())
}

/// Renders a text search template and its comment. Templates belong to nobody.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.ts_templates[index];
    if object.dumps(Components::DEFINITION) {
        let template = details(dump, &dump.details.type_system.ts_templates, object)?;
        let name = sql!["TEXT SEARCH TEMPLATE ", dump.qualified(object)];
        let mut text = sql!["CREATE ", name, " (\n"];
        if let Some(init) = &template.init {
            push!(text, "    INIT = ", init, ",\n");
        }
        push!(text, "    LEXIZE = ", template.lexize, " );\n");
        let drop = sql!["DROP ", name, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "TEXT SEARCH TEMPLATE",
            None,
            text,
            drop,
        ));
    }
    let name = dump.ident(&row.name);
    type_system::render_comment(
        dump,
        toc,
        object,
        "TEXT SEARCH TEMPLATE",
        name,
        BStr::new(""),
    );
    Ok(())
}
