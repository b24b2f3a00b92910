//! Base types.

use bstr::BString;

use crate::Error;
use crate::families::type_system::{self, details, push_parameter};
use crate::state::dump::Dump;
use crate::state::object::Object;

/// The statement that creates a base type.
pub(crate) fn definition(dump: &Dump, object: &Object) -> Result<BString, Error> {
    let base = details(dump, &dump.details.type_system.base_types, object)?;
    let length = match base.length {
        -1 => "variable".into(),
        bytes => bytes.to_string(),
    };
    let name = dump.qualified(object);
    let mut text = sql!["CREATE TYPE ", name, " (\n    INTERNALLENGTH = ", length];
    let byte = |byte: u8| dump.literal([byte]);
    let yes = |flag: bool| flag.then(|| BString::from("true"));
    push_parameter(&mut text, "INPUT", Some(&base.input));
    push_parameter(&mut text, "OUTPUT", Some(&base.output));
    push_parameter(&mut text, "RECEIVE", base.receive.as_ref());
    push_parameter(&mut text, "SEND", base.send.as_ref());
    push_parameter(&mut text, "TYPMOD_IN", base.typmod_in.as_ref());
    push_parameter(&mut text, "TYPMOD_OUT", base.typmod_out.as_ref());
    push_parameter(&mut text, "ANALYZE", base.analyze.as_ref());
    push_parameter(&mut text, "COLLATABLE", yes(base.is_collatable));
    push_parameter(
        &mut text,
        "DEFAULT",
        (base.default.as_ref()).map(|default| type_system::default(dump, default)),
    );
    push_parameter(&mut text, "SUBSCRIPT", base.subscript.as_ref());
    push_parameter(&mut text, "ELEMENT", base.element.as_ref());
    push_parameter(
        &mut text,
        "CATEGORY",
        (base.category != b'U').then(|| byte(base.category)),
    );
    push_parameter(&mut text, "PREFERRED", yes(base.is_preferred));
    push_parameter(
        &mut text,
        "DELIMITER",
        (base.delimiter != b',').then(|| byte(base.delimiter)),
    );
    push_parameter(
        &mut text,
        "ALIGNMENT",
        alignment(base.align).map(BString::from),
    );
    push_parameter(
        &mut text,
        "STORAGE",
        storage(base.storage).map(BString::from),
    );
    if base.by_value {
        push!(text, ",\n    PASSEDBYVALUE");
    }
    push!(text, "\n);\n");
    Ok(text)
}

fn alignment(align: u8) -> Option<&'static str> {
    match align {
        b'c' => Some("char"),
        b's' => Some("int2"),
        b'i' => Some("int4"),
        b'd' => Some("double"),
        _ => None,
    }
}

fn storage(storage: u8) -> Option<&'static str> {
    match storage {
        b'p' => Some("plain"),
        b'e' => Some("external"),
        b'x' => Some("extended"),
        b'm' => Some("main"),
        _ => None,
    }
}
