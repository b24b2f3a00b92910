//! Types of every sort: which are dumped, and what all sorts have in common.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, DataType, class, relkind, typtype};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::families::type_system;
use crate::kinds::{domain, type_base, type_composite, type_enum, type_range};
use crate::privileges::acl::{self, Privileges};
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object};
use crate::{Components, Error, Sections};

/// Makes an object of every type, with the constraints of domains and the shells of types that may need one first.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.type_system.types.len() {
        let row = dump.listing.type_system.types[i].clone();
        let describe = || format!("type \"{}\" (OID {})", row.name, row.oid);
        let namespace = dump.find_namespace(row.namespace, describe)?;
        let catalog_id = CatalogId::new(class::PG_TYPE, row.oid);
        let id = dump
            .objects
            .add(Kind::Type(i), catalog_id, row.name.clone(), Some(namespace));
        select(dump, id, i, &row);
        if row.acl.acl.is_some() {
            dump.objects.get_mut(id).components |= Components::ACL;
        }
        warn_of_pseudo_type(dump, id, &row);
        if !dump.objects.get(id).dumps(Components::DEFINITION) {
            continue;
        }
        match row.typtype {
            typtype::DOMAIN => domain::collect_constraints(dump, id, row.oid),
            typtype::BASE | typtype::RANGE => add_shell(dump, id, i, row.name, namespace),
            _ => {}
        }
    }
    Ok(())
}

/// Row types go where their relation goes, and automatic types where the type goes that they come with. Neither is an entry, but
/// casts ask whether their types are dumped.
fn select(dump: &mut Dump, id: DumpId, index: usize, row: &DataType) {
    let is_composite = row.relation_kind == Some(relkind::COMPOSITE_TYPE);
    if let Some(relation) = row.relation.filter(|_| !is_composite) {
        let selected = dump
            .find_table(relation)
            .map(|table| dump.table_object(table).dump);
        let object = dump.objects.get_mut(id);
        object.kind = Kind::DummyType(index);
        object.dump = selected.unwrap_or(Components::empty());
        return;
    }
    if row.is_array || row.typtype == typtype::MULTIRANGE {
        dump.objects.get_mut(id).kind = Kind::DummyType(index);
    }
    selection::select(dump, id);
}

/// Pseudo-types cannot be made, and so pg_dump says nothing of them, not even of their privileges.
fn warn_of_pseudo_type(dump: &mut Dump, id: DumpId, row: &DataType) {
    let object = dump.objects.get(id);
    if !dump.options.privileges || !dump.options.defines(Sections::PRE_DATA) {
        return;
    }
    if row.typtype == typtype::PSEUDO && row.is_defined && object.dumps(object.components) {
        dump.warnings.push(format!(
            "{object} is a pseudo-type: its privileges are not dumped"
        ));
    }
}

/// A base type's functions take and return the type before it is made, and so may a range type's. They need a shell in its
/// place; breaking the loop decides whether it is dumped.
///
/// The shell has no catalog row of its own: with the type's it would catch the type's dependencies.
fn add_shell(dump: &mut Dump, type_id: DumpId, index: usize, name: BString, namespace: usize) {
    let shell = dump.objects.add(
        Kind::ShellType(index),
        CatalogId::default(),
        name,
        Some(namespace),
    );
    dump.objects.get_mut(shell).dump = Components::empty();
    dump.objects.get_mut(type_id).shell_type = Some(shell);
}

/// Renders a shell type. It cannot be dropped by itself, and must not change owners before it is filled in: without a drop
/// statement pg_restore sees to both.
pub(crate) fn render_shell(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema || !object.dumps(Components::DEFINITION) {
        return Ok(());
    }
    let owner = dump.role(object, dump.listing.type_system.types[index].owner)?;
    let definition = sql!["CREATE TYPE ", dump.qualified(object), ";\n"];
    let mut entry = type_system::entry(
        dump,
        object,
        "SHELL TYPE",
        Some(owner),
        definition,
        BString::default(),
    );
    entry.drop = None;
    toc.push(entry);
    Ok(())
}

/// Renders a type with its comment, label and privileges, and what is said of its parts.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.type_system.types[index];
    let keyword = if row.typtype == typtype::DOMAIN {
        "DOMAIN"
    } else {
        "TYPE"
    };
    if row.typtype == typtype::PSEUDO && row.is_defined {
        return Ok(());
    }
    let owner = dump.role(object, row.owner)?;
    if object.dumps(Components::DEFINITION) {
        let definition = match row.typtype {
            typtype::BASE => type_base::definition(dump, object)?,
            typtype::COMPOSITE => type_composite::definition(dump, object),
            typtype::DOMAIN => domain::definition(dump, object)?,
            typtype::ENUM => type_enum::definition(dump, object),
            typtype::RANGE => type_range::definition(dump, object)?,
            typtype::PSEUDO => sql!["CREATE TYPE ", dump.qualified(object), ";\n"],
            other => return Err(type_system::unknown(object, "its type", other)),
        };
        // The functions of a base type depend on it and must go along.
        let cascade = if row.typtype == typtype::BASE {
            " CASCADE"
        } else {
            ""
        };
        let drop = sql![
            "DROP ",
            keyword,
            " ",
            dump.qualified(object),
            cascade,
            ";\n"
        ];
        toc.push(type_system::entry(
            dump,
            object,
            keyword,
            Some(owner),
            definition,
            drop,
        ));
    }
    let subject = Subject::of(dump, object, keyword, dump.ident(&row.name), owner);
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    if object.dumps(Components::ACL) {
        let subject = Subject {
            kind: "TYPE",
            ..subject
        };
        let privileges = Privileges::of(dump, object.catalog_id, &row.acl);
        acl::render(dump, toc, &subject, &privileges);
    }
    match row.typtype {
        typtype::COMPOSITE => type_composite::render_comments(dump, toc, object, row, owner),
        typtype::DOMAIN => domain::render_constraint_comments(dump, toc, object, owner),
        _ => {}
    }
    Ok(())
}
