//! Operator classes.

use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::kinds::op_family;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object, Tie};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every operator class.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.op_classes.len() {
        let row = dump.listing.type_system.op_classes[i].clone();
        let catalog_id = CatalogId::new(class::PG_OPCLASS, row.oid);
        let kind = Kind::OpClass(i);
        let id = type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
        dump.objects.get_mut(id).tie = Tie::Name(row.access_method.unwrap_or_default());
    }
    Ok(())
}

/// Renders an operator class with its members, and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.op_classes[index];
    let op_class = details(dump, &dump.details.type_system.op_classes, object)?;
    let owner = dump.role(object, row.owner)?;
    let method =
        (row.access_method.as_ref()).ok_or_else(|| dump.missing(object, "its access method"))?;
    let using = sql![" USING ", dump.ident(method)];
    if object.dumps(Components::DEFINITION) {
        let name = sql!["OPERATOR CLASS ", dump.qualified(object)];
        let default = if op_class.is_default { "DEFAULT " } else { "" };
        let family = op_class
            .family
            .as_ref()
            .map(|family| sql![" FAMILY ", type_system::qualified(dump, family)]);
        let storage = op_class.key_type.iter().map(|name| sql!["STORAGE ", name]);
        let mut parts: Vec<_> = storage.chain(op_family::members(dump, object)).collect();
        if parts.is_empty() {
            // There must be something after AS; to store the very type changes nothing.
            parts.push(sql!["STORAGE ", op_class.input_type]);
        }
        let text = sql![
            "CREATE ",
            name,
            "\n    ",
            default,
            "FOR TYPE ",
            op_class.input_type,
            using,
            family.unwrap_or_default(),
            " AS\n    ",
            sql::join(parts, " ,\n    "),
            ";\n"
        ];
        let drop = sql!["DROP ", name, using, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "OPERATOR CLASS",
            Some(owner),
            text,
            drop,
        ));
    }
    let name = sql![dump.ident(&row.name), using];
    type_system::render_comment(dump, toc, object, "OPERATOR CLASS", name, owner);
    Ok(())
}
