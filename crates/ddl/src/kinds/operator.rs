//! Operators.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, OperatorDetails, class};

use crate::contents::toc::Toc;
use crate::families::type_system::{self, details};
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object, Tie};
use crate::text::sql;
use crate::{Components, Error, Sections};

/// Makes an object of every operator.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.operators.len() {
        let row = dump.listing.type_system.operators[i].clone();
        let catalog_id = CatalogId::new(class::PG_OPERATOR, row.oid);
        let kind = Kind::Operator(i);
        let id = type_system::add_in_schema(dump, kind, catalog_id, row.name, row.namespace)?;
        let object = dump.objects.get_mut(id);
        object.tie = Tie::Operator {
            kind: row.oprkind,
            left: row.left,
            right: row.right,
        };
        let is_defined =
            object.dumps(Components::DEFINITION) && dump.options.defines(Sections::PRE_DATA);
        if row.oprkind == b'r' && is_defined {
            let warning = format!("{object} is a postfix operator, which servers since 14 refuse");
            dump.warnings.push(warning);
        }
    }
    Ok(())
}

/// Renders an operator and its comment.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let row = &dump.listing.type_system.operators[index];
    // One that others promise and nobody has made comes back with those others.
    if !dump.options.schema || !row.is_defined {
        return Ok(());
    }
    let operator = details(dump, &dump.details.type_system.operators, object)?;
    let owner = dump.role(object, row.owner)?;
    let operand = |name: &Option<BString>| name.clone().unwrap_or_else(|| "NONE".into());
    let identity = sql![
        row.name,
        " (",
        operand(&operator.left),
        ", ",
        operand(&operator.right),
        ")"
    ];
    if object.dumps(Components::DEFINITION) {
        // The symbol of an operator is never quoted.
        let qualifier = sql![
            dump.ident(dump.namespace_name(object).unwrap_or_default()),
            "."
        ];
        let definition = definition(dump, operator);
        let text = sql![
            "CREATE OPERATOR ",
            qualifier,
            row.name,
            " (\n",
            definition,
            "\n);\n"
        ];
        let drop = sql!["DROP OPERATOR ", qualifier, identity, ";\n"];
        toc.push(type_system::entry(
            dump,
            object,
            "OPERATOR",
            Some(owner),
            text,
            drop,
        ));
    }
    type_system::render_comment(dump, toc, object, "OPERATOR", identity, owner);
    Ok(())
}

fn definition(dump: &Dump, operator: &OperatorDetails) -> BString {
    let reference = |name: &Option<_>| name.as_ref().map(|name| type_system::operator(dump, name));
    let flag = |is_set: bool, name: &str| is_set.then(|| BString::from(name));
    let value = |name: &str, value: Option<&BString>| value.map(|value| sql![name, " = ", value]);
    let parts = [
        value("FUNCTION", Some(&operator.function)),
        value("LEFTARG", operator.left.as_ref()),
        value("RIGHTARG", operator.right.as_ref()),
        value("COMMUTATOR", reference(&operator.commutator).as_ref()),
        value("NEGATOR", reference(&operator.negator).as_ref()),
        flag(operator.can_merge, "MERGES"),
        flag(operator.can_hash, "HASHES"),
        value("RESTRICT", operator.restrict.as_ref()),
        value("JOIN", operator.join.as_ref()),
    ];
    sql!["    ", sql::join(parts.into_iter().flatten(), ",\n    ")]
}
