//! What types, functions, operators and their like have in common: most live in a schema, are selected by the common rule, and
//! are one statement that goes by their name.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Oid, QualifiedName, TypeDefault};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object};
use crate::{Components, Error};

/// Makes an object that lives in a schema and decides what of it is dumped.
///
/// # Errors
///
/// [`Error::Missing`] where there is no such schema.
pub(crate) fn add_in_schema(
    dump: &mut Dump,
    kind: Kind,
    catalog_id: CatalogId,
    name: BString,
    namespace: Oid,
) -> Result<DumpId, Error> {
    let describe = || format!("{kind:?} \"{name}\" (OID {})", catalog_id.oid);
    let namespace = dump.find_namespace(namespace, describe)?;
    let id = dump.objects.add(kind, catalog_id, name, Some(namespace));
    selection::select(dump, id);
    Ok(id)
}

/// The details of an object, which were asked for because it is dumped.
///
/// # Errors
///
/// [`Error::Missing`] where the server had none.
pub(crate) fn details<'a, T>(
    dump: &Dump,
    details: &'a HashMap<Oid, T>,
    object: &Object,
) -> Result<&'a T, Error> {
    details
        .get(&object.catalog_id.oid)
        .ok_or_else(|| dump.missing(object, "its own definition"))
}

/// The error for a value in the catalog that no server up to 18 writes.
pub(crate) fn unknown(object: &Object, what: &str, value: u8) -> Error {
    Error::Unsupported {
        object: object.to_string(),
        reason: format!("{what} {:?} is not known", char::from(value)),
    }
}

/// Starts the entry of an object that goes by its bare name.
pub(crate) fn entry(
    dump: &Dump,
    object: &Object,
    descriptor: &str,
    owner: Option<&BStr>,
    definition: BString,
    drop: BString,
) -> Entry {
    Entry {
        tag: Some(object.name.clone()),
        namespace: dump.namespace_name(object).map(BStr::to_owned),
        owner: owner.map(BStr::to_owned),
        definition: Some(definition),
        drop: Some(drop),
        ..Toc::entry_of(object, descriptor, Section::PreData)
    }
}

/// Writes the comment on an object where it is dumped. `name` is the object's name in SQL, without schema.
pub(crate) fn render_comment(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    kind: &str,
    name: BString,
    owner: &BStr,
) {
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &Subject::of(dump, object, kind, name, owner));
    }
}

/// A qualified name in SQL.
pub(crate) fn qualified(dump: &Dump, name: &QualifiedName) -> BString {
    sql![dump.ident(&name.namespace), ".", dump.ident(&name.name)]
}

/// An operator in SQL that stands without its operands.
pub(crate) fn operator(dump: &Dump, name: &QualifiedName) -> BString {
    sql![
        "OPERATOR(",
        dump.ident(&name.namespace),
        ".",
        name.name,
        ")"
    ]
}

/// A default value in SQL.
pub(crate) fn default(dump: &Dump, default: &TypeDefault) -> BString {
    match default {
        TypeDefault::Expression(expression) => expression.clone(),
        TypeDefault::Literal(text) => dump.literal(text),
    }
}

/// A COLLATE clause with the space before it; empty where there is no collation to say.
pub(crate) fn collate(dump: &Dump, collation: Option<&QualifiedName>) -> BString {
    collation
        .map(|name| sql![" COLLATE ", qualified(dump, name)])
        .unwrap_or_default()
}

/// A parameter in the list of CREATE TYPE, where it has a value.
pub(crate) fn push_parameter(text: &mut BString, name: &str, value: Option<impl AsRef<BStr>>) {
    if let Some(value) = value {
        let value: &BStr = value.as_ref();
        push!(*text, ",\n    ", name, " = ", value);
    }
}
