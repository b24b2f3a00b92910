//! Text search parsers.

use bstr::BStr;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every text search parser.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.ts_parsers.len() {
        let row = dump.listing.type_system.ts_parsers[i].clone();
        let catalog_id = CatalogId::new(class::PG_TS_PARSER, row.oid);
        let kind = Kind::TsParser(i);
        type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
    }
    Ok(())
}

/// Renders a text search parser and its comment. Parsers belong to nobody.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.ts_parsers[index];
    if object.dumps(Components::DEFINITION) {
        let parser = details(dump, &dump.details.type_system.ts_parsers, object)?;
        let name = sql!["TEXT SEARCH PARSER ", dump.qualified(object)];
        let mut text = sql!["CREATE ", name, " (\n"];
        push!(text, "    START = ", parser.start, ",\n");
        push!(text, "    GETTOKEN = ", parser.get_token, ",\n");
        push!(text, "    END = ", parser.end, ",\n");
        if let Some(headline) = &parser.headline {
            push!(text, "    HEADLINE = ", headline, ",\n");
        }
        push!(text, "    LEXTYPES = ", parser.lex_types, " );\n");
        let drop = sql!["DROP ", name, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "TEXT SEARCH PARSER",
            None,
            text,
            drop,
        ));
    }
    let name = dump.ident(&row.name);
    type_system::render_comment(dump, toc, object, "TEXT SEARCH PARSER", name, BStr::new(""));
    Ok(())
}
