//! Range types.

use bstr::BString;

use crate::Error;
use crate::families::type_system::{details, push_parameter, qualified};
use crate::state::dump::Dump;
use crate::state::object::Object;

/// The statement that creates a range type, and its multirange with it.
pub(crate) fn definition(dump: &Dump, object: &Object) -> Result<BString, Error> {
    let range = details(dump, &dump.details.type_system.ranges, object)?;
    let name = dump.qualified(object);
    let mut text = sql![
        "CREATE TYPE ",
        name,
        " AS RANGE (\n    subtype = ",
        range.subtype
    ];
    let qualified = |name: &Option<_>| name.as_ref().map(|name| qualified(dump, name));
    push_parameter(&mut text, "multirange_type_name", range.multirange.as_ref());
    push_parameter(&mut text, "subtype_opclass", qualified(&range.op_class));
    push_parameter(&mut text, "collation", qualified(&range.collation));
    push_parameter(&mut text, "canonical", range.canonical.as_ref());
    push_parameter(&mut text, "subtype_diff", range.subtype_diff.as_ref());
    push!(text, "\n);\n");
    Ok(text)
}
