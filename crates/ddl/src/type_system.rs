//! What types, functions, operators and their like have in common: most live in a schema, are selected by the common rule, and
//! are one statement that goes by their name.

use std::collections::HashMap;

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Oid, QualifiedName, WantedTypeSystem, typtype};

use crate::comment::{self, Subject};
use crate::dump::Dump;
use crate::object::{DumpId, Kind, Object};
use crate::toc::Toc;
use crate::{Components, Error, selection};

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

/// The objects whose details are needed: those of which anything may be dumped. Whether there are comments and labels is not
/// known yet.
pub(crate) fn wanted(dump: &Dump) -> WantedTypeSystem {
    let mut wanted = WantedTypeSystem::default();
    for object in dump.objects.iter() {
        let possible = object.components | Components::COMMENT | Components::SECLABEL;
        if !object.dumps(possible) {
            continue;
        }
        let list = match object.kind {
            Kind::Type(i) => match dump.listing.type_system.types[i].typtype {
                typtype::BASE => &mut wanted.base_types,
                typtype::COMPOSITE => &mut wanted.composites,
                typtype::DOMAIN => &mut wanted.domains,
                typtype::ENUM => &mut wanted.enums,
                typtype::RANGE => &mut wanted.ranges,
                _ => continue,
            },
            Kind::DomainConstraint(_) => &mut wanted.domain_constraints,
            Kind::Function(_) => &mut wanted.functions,
            Kind::Aggregate(_) => &mut wanted.aggregates,
            Kind::Operator(_) => &mut wanted.operators,
            Kind::OpClass(_) => &mut wanted.op_classes,
            Kind::OpFamily(_) => &mut wanted.op_families,
            Kind::TsParser(_) => &mut wanted.ts_parsers,
            Kind::TsTemplate(_) => &mut wanted.ts_templates,
            Kind::TsDictionary(_) => &mut wanted.ts_dictionaries,
            Kind::TsConfig(_) => &mut wanted.ts_configs,
            Kind::Collation(_) => &mut wanted.collations,
            Kind::Conversion(_) => &mut wanted.conversions,
            Kind::Cast(_) => &mut wanted.casts,
            Kind::Transform(_) => &mut wanted.transforms,
            _ => continue,
        };
        list.push(object.catalog_id.oid);
    }
    wanted
}
