//! Encoding conversions.

use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every conversion.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.conversions.len() {
        let row = dump.listing.type_system.conversions[i].clone();
        let catalog_id = CatalogId::new(class::PG_CONVERSION, row.oid);
        let kind = Kind::Conversion(i);
        type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
    }
    Ok(())
}

/// Renders a conversion and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.conversions[index];
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let conversion = details(dump, &dump.details.type_system.conversions, object)?;
        let name = dump.qualified(object);
        let default = if conversion.is_default {
            "DEFAULT "
        } else {
            ""
        };
        let (from, to) = (dump.literal(&conversion.from), dump.literal(&conversion.to));
        let function = &conversion.function;
        let what = sql![default, "CONVERSION ", name];
        let text = sql![
            "CREATE ", what, " FOR ", from, " TO ", to, " FROM ", function, ";\n"
        ];
        let drop = sql!["DROP CONVERSION ", name, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "CONVERSION",
            Some(owner),
            text,
            drop,
        ));
    }
    let name = dump.ident(&row.name);
    type_system::render_comment(dump, toc, object, "CONVERSION", name, owner);
    Ok(())
}
