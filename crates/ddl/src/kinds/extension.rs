//! Extensions, and the rows of their configuration tables.

use bstr::BStr;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Purpose, class};

use crate::annotations::comment::{self, Subject};
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::kinds::table_data;
use crate::selection::LAST_BUILTIN_OID;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object of every extension and notes what belongs to it. Comes before all other kinds: membership overrides every
/// other decision about what is dumped.
pub(crate) fn collect(dump: &mut Dump) {
    for i in 0..dump.listing.extensions.len() {
        let row = &dump.listing.extensions[i];
        let (oid, name) = (row.oid, row.name.clone());
        // Those that initdb installs are in every database; privileges on their members may have been changed.
        let selected = if oid <= LAST_BUILTIN_OID {
            Components::ACL
        } else {
            selected(dump, oid)
        };
        let catalog_id = CatalogId::new(class::PG_EXTENSION, oid);
        let id = dump.objects.add(Kind::Extension(i), catalog_id, name, None);
        let object = dump.objects.get_mut(id);
        object.dump = selected;
        object.dump_contains = selected;
    }
    for member in &dump.listing.extension_members {
        let extension = CatalogId::new(class::PG_EXTENSION, member.extension);
        if let Some(id) = dump.objects.find(extension) {
            dump.extension_of.insert(member.object, id);
        }
    }
}

/// What is dumped of an extension.
fn selected(dump: &Dump, oid: u32) -> Components {
    let (patterns, matched) = (&dump.options.patterns, &dump.listing.matched);
    let included = if patterns.any(Purpose::IncludeExtension) {
        matched.contains(Purpose::IncludeExtension, oid)
    } else {
        !dump.options.restricted
    };
    if included && !matched.contains(Purpose::ExcludeExtension, oid) {
        Components::all()
    } else {
        Components::empty()
    }
}

/// Lets the rows of configuration tables be dumped although their tables are not, and orders them by their foreign keys, which
/// are there before the rows are.
///
/// The rows are the user's as much as a schema is, so this asks nobody whether data is dumped.
pub(crate) fn collect_config_tables(dump: &mut Dump) {
    for i in 0..dump.listing.extensions.len() {
        let oid = dump.listing.extensions[i].oid;
        if !may_have_rows(dump, oid) {
            continue;
        }
        let extension = CatalogId::new(class::PG_EXTENSION, oid);
        let is_dumped = |id| dump.objects.get(id).dumps(Components::DEFINITION);
        let whole = dump.objects.find(extension).is_some_and(is_dumped);
        for config in dump.listing.extensions[i].config_tables.clone() {
            // A table that was dropped since may still be named.
            let Some(table) = dump.find_table(config.oid) else {
                continue;
            };
            if !rows_are_selected(dump, table, whole) {
                continue;
            }
            let added = table_data::add(dump, table).is_some();
            if let Some(condition) = config.condition.filter(|_| added) {
                dump.relations.conditions.insert(table, condition);
            }
        }
    }
    for key in dump.listing.extension_foreign_keys.clone() {
        let data = |oid| {
            let table = dump.find_table(oid)?;
            dump.relations.data.get(&table).copied()
        };
        if let (Some(table), Some(references)) = (data(key.table), data(key.references)) {
            dump.objects.add_dependency(table, references);
        }
    }
}

/// Whether patterns leave an extension its configuration tables: those that initdb installs are dumped by other rules than these.
fn may_have_rows(dump: &Dump, oid: u32) -> bool {
    let (patterns, matched) = (&dump.options.patterns, &dump.listing.matched);
    let included = !patterns.any(Purpose::IncludeExtension)
        || matched.contains(Purpose::IncludeExtension, oid);
    included && !matched.contains(Purpose::ExcludeExtension, oid)
}

/// Whether rows of a configuration table are dumped: with the extension as a whole, or because the table or its schema was asked
/// for.
fn rows_are_selected(dump: &Dump, table: usize, whole: bool) -> bool {
    let matched = &dump.listing.matched;
    let oid = dump.listing.tables[table].oid;
    let Some(namespace) = dump.table_object(table).namespace else {
        return false;
    };
    let schema = dump.listing.namespaces[namespace].oid;
    let included = whole
        || matched.contains(Purpose::IncludeTable, oid)
        || dump.namespace_object(namespace).dumps(Components::DATA);
    included
        && !matched.contains(Purpose::ExcludeTable, oid)
        && !matched.contains(Purpose::ExcludeSchema, schema)
}

/// Renders an extension, its comment and label. It has no owner in an archive.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.extensions[index];
    let name = dump.ident(&row.name);
    if object.dumps(Components::DEFINITION) {
        let schema = dump.find_namespace(row.namespace, || object.to_string())?;
        let schema = dump.ident(&dump.listing.namespaces[schema].name);
        toc.push(Entry {
            tag: Some(row.name.clone()),
            definition: Some(sql![
                "CREATE EXTENSION IF NOT EXISTS ",
                name,
                " WITH SCHEMA ",
                schema,
                ";\n"
            ]),
            drop: Some(sql!["DROP EXTENSION ", name, ";\n"]),
            ..Toc::entry_of(object, "EXTENSION", Section::PreData)
        });
    }
    let subject = Subject::of(dump, object, "EXTENSION", name, BStr::new(""));
    if object.dumps(Components::COMMENT) {
        comment::render(dump, toc, &subject);
    }
    if object.dumps(Components::SECLABEL) {
        seclabel::render(dump, toc, &subject);
    }
    Ok(())
}
