//! Text search configurations.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every text search configuration.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.ts_configs.len() {
        let row = dump.listing.type_system.ts_configs[i].clone();
        let catalog_id = CatalogId::new(class::PG_TS_CONFIG, row.oid);
        let kind = Kind::TsConfig(i);
        type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
    }
    Ok(())
}

/// Renders a text search configuration with its mappings, and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.ts_configs[index];
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let config = details(dump, &dump.details.type_system.ts_configs, object)?;
        let name = sql!["TEXT SEARCH CONFIGURATION ", dump.qualified(object)];
        let parser = type_system::qualified(dump, &config.parser);
        let mut text = sql!["CREATE ", name, " (\n    PARSER = ", parser, " );\n"];
        push!(text, mappings(dump, object, &name));
        let drop = sql!["DROP ", name, ";\n"];
        let descriptor = "TEXT SEARCH CONFIGURATION";
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
    type_system::render_comment(dump, toc, object, "TEXT SEARCH CONFIGURATION", name, owner);
    Ok(())
}

/// One statement a type of tokens, with the dictionaries that get them in order.
fn mappings(dump: &Dump, object: &Object, name: &BString) -> BString {
    let rows = dump
        .details
        .type_system
        .ts_mappings
        .get(&object.catalog_id.oid);
    let mut text = BString::default();
    for rows in rows
        .map_or(&[][..], Vec::as_slice)
        .chunk_by(|a, b| a.token == b.token)
    {
        let dictionaries = sql::join(rows.iter().map(|row| &row.dictionary), ", ");
        let token = dump.ident(&rows[0].token);
        push!(
            text,
            "\nALTER ",
            name,
            "\n    ADD MAPPING FOR ",
            token,
            " WITH ",
            dictionaries,
            ";\n"
        );
    }
    text
}
