//! Access methods.

use bstr::BStr;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every access method.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.type_system.access_methods.len() {
        let row = &dump.listing.type_system.access_methods[i];
        let catalog_id = CatalogId::new(class::PG_AM, row.oid);
        let id = dump
            .objects
            .add(Kind::AccessMethod(i), catalog_id, row.name.clone(), None);
        selection::select_unless_builtin(dump, id);
    }
}

/// Renders an access method and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.access_methods[index];
    let name = dump.ident(&row.name);
    if object.dumps(Components::DEFINITION) {
        let what = match row.amtype {
            b'i' => "INDEX",
            b't' => "TABLE",
            other => return Err(type_system::unknown(object, "its type", other)),
        };
        let handler = &row.handler;
        let text = sql![
            "CREATE ACCESS METHOD ",
            name,
            " TYPE ",
            what,
            " HANDLER ",
            handler,
            ";\n"
        ];
        let drop = sql!["DROP ACCESS METHOD ", name, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "ACCESS METHOD",
            None,
            text,
            drop,
        ));
    }
    type_system::render_comment(dump, toc, object, "ACCESS METHOD", name, BStr::new(""));
    Ok(())
}
