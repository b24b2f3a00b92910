//! Text search dictionaries.

use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every text search dictionary.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.ts_dictionaries.len() {
        let row = dump.listing.type_system.ts_dictionaries[i].clone();
        let catalog_id = CatalogId::new(class::PG_TS_DICT, row.oid);
        let kind = Kind::TsDictionary(i);
        type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
    }
    Ok(())
}

/// Renders a text search dictionary and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.ts_dictionaries[index];
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let dictionary = details(dump, &dump.details.type_system.ts_dictionaries, object)?;
        let name = sql!["TEXT SEARCH DICTIONARY ", dump.qualified(object)];
        let template = type_system::qualified(dump, &dictionary.template);
        let mut text = sql!["CREATE ", name, " (\n    TEMPLATE = ", template];
        if let Some(options) = &dictionary.options {
            push!(text, ",\n    ", options);
        }
        push!(text, " );\n");
        let drop = sql!["DROP ", name, ";\n"];
        let descriptor = "TEXT SEARCH DICTIONARY";
        toc.push(type_system::entry(
            dump,
            object,
            descriptor,
            Some(owner),
            text,
            drop,
        ));
    }
    let name = dump.ident(&row.name);
    type_system::render_comment(dump, toc, object, "TEXT SEARCH DICTIONARY", name, owner);
    Ok(())
}
