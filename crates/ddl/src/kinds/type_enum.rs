//! Enum types.

use bstr::BString;

use crate::state::dump::Dump;
use crate::state::object::Object;

/// The statement that creates an enum type.
pub(crate) fn definition(dump: &Dump, object: &Object) -> BString {
    let details = dump.details.type_system.enums.get(&object.catalog_id.oid);
    let labels = details.map_or(&[][..], |details| &details.labels);
    let mut text = sql!["CREATE TYPE ", dump.qualified(object), " AS ENUM ("];
    for (i, label) in labels.iter().enumerate() {
        let comma = if i > 0 { "," } else { "" };
        push!(text, comma, "\n    ", dump.literal(label));
    }
    push!(text, "\n);\n");
    text
}
