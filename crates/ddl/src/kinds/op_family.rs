//! Operator families, and the members of families and classes.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::type_system;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object, Tie};
use crate::text::sql;
use crate::{Components, Error};

/// Makes an object of every operator family.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.op_families.len() {
        let row = dump.listing.type_system.op_families[i].clone();
        let catalog_id = CatalogId::new(class::PG_OPFAMILY, row.oid);
        let kind = Kind::OpFamily(i);
        let id = type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
        dump.objects.get_mut(id).tie = Tie::Name(row.access_method.unwrap_or_default());
    }
    Ok(())
}

/// Renders an operator family with the members that belong to none of its classes, and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.op_families[index];
    let owner = dump.role(object, row.owner)?;
    let method =
        (row.access_method.as_ref()).ok_or_else(|| dump.missing(object, "its access method"))?;
    let using = sql![" USING ", dump.ident(method)];
    if object.dumps(Components::DEFINITION) {
        let name = sql!["OPERATOR FAMILY ", dump.qualified(object), using];
        let mut text = sql!["CREATE ", name, ";\n"];
        let members = members(dump, object);
        if !members.is_empty() {
            push!(
                text,
                "ALTER ",
                name,
                " ADD\n    ",
                sql::join(members, " ,\n    "),
                ";\n"
            );
        }
        let drop = sql!["DROP ", name, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "OPERATOR FAMILY",
            Some(owner),
            text,
            drop,
        ));
    }
    let name = sql![dump.ident(&row.name), using];
    type_system::render_comment(dump, toc, object, "OPERATOR FAMILY", name, owner);
    Ok(())
}

/// The operators and functions that are bound to a family or class, each as a clause.
///
/// A function's types are said even where the server would guess them: for a sort support function of two types it would
/// guess wrong.
pub(crate) fn members(dump: &Dump, owner: &Object) -> Vec<BString> {
    let operators = dump
        .details
        .type_system
        .operator_members
        .get(&owner.catalog_id);
    let functions = dump
        .details
        .type_system
        .function_members
        .get(&owner.catalog_id);
    let operators = operators.into_iter().flatten().map(|member| {
        let order = member
            .sort_family
            .as_ref()
            .map(|family| sql![" FOR ORDER BY ", type_system::qualified(dump, family)]);
        let strategy = member.strategy.to_string();
        sql![
            "OPERATOR ",
            strategy,
            " ",
            member.operator,
            order.unwrap_or_default()
        ]
    });
    let functions = functions.into_iter().flatten().map(|member| {
        let (number, left, right) = (member.number.to_string(), &member.left, &member.right);
        sql![
            "FUNCTION ",
            number,
            " (",
            left,
            ", ",
            right,
            ") ",
            member.function
        ]
    });
    operators.chain(functions).collect()
}
