//! Relations: which are dumped, which are locked, and their entries.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, Oid, Purpose, Wanted, class, relkind};

use crate::annotations::comment::Subject;
use crate::annotations::seclabel;
use crate::contents::toc::Toc;
use crate::kinds::{relation_statistics, sequence, table_comment, table_definition};
use crate::privileges::acl::{self, Privileges};
use crate::selection::membership;
use crate::selection::rows;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, LoopRole, Object};
use crate::{Components, Error};

/// Makes an object of every relation, system catalogs and composite types included: dependencies lead through them.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.tables.len() {
        let row = &dump.listing.tables[i];
        let (kind, has_acl) = (row.relkind, row.acl.acl.is_some());
        let namespace =
            dump.find_namespace(row.namespace, || format!("relation \"{}\"", row.name))?;
        let id = dump.objects.add(
            Kind::Table(i),
            CatalogId::new(class::PG_CLASS, row.oid),
            row.name.clone(),
            Some(namespace),
        );
        dump.table_ids.push(id);
        let object = dump.objects.get_mut(id);
        object.components |= Components::DATA;
        if has_acl {
            object.components |= Components::ACL;
        }
        object.loop_role = match kind {
            relkind::VIEW => LoopRole::View,
            relkind::MATVIEW => LoopRole::Matview,
            _ => LoopRole::Plain,
        };
        if kind == relkind::COMPOSITE_TYPE {
            // The type is what is dumped.
            object.dump = Components::empty();
        } else {
            select(dump, id);
        }
        relation_statistics::add_table(dump, i);
    }
    dump_owned_sequences(dump)
}

/// Decides what of a relation is dumped: by its own name where relations are asked for, or else by its schema.
fn select(dump: &mut Dump, id: DumpId) {
    if membership::check(dump, id) {
        return;
    }
    let object = dump.objects.get(id);
    let (oid, matched) = (object.catalog_id.oid, &dump.listing.matched);
    let selected = if matched.contains(Purpose::ExcludeTable, oid) {
        Components::empty()
    } else if dump.options.patterns.any(Purpose::IncludeTable) {
        if matched.contains(Purpose::IncludeTable, oid) {
            Components::all()
        } else {
            Components::empty()
        }
    } else {
        object.namespace.map_or(Components::empty(), |namespace| {
            dump.namespace_object(namespace).dump_contains
        })
    };
    dump.objects.get_mut(id).dump = selected;
}

/// A sequence that belongs to a column goes where its table goes.
fn dump_owned_sequences(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.tables.len() {
        let Some(owning) = dump.listing.tables[i].owning_column else {
            continue;
        };
        let table = dump
            .find_table(owning.table)
            .ok_or_else(|| Error::Missing {
                object: dump.table_object(i).to_string(),
                target: format!("table with OID {}", owning.table),
            })?;
        let selected = dump.table_object(table).dump;
        let sequence = dump.objects.get_mut(dump.table_ids[i]);
        if owning.is_identity {
            // There is no such sequence without its table.
            sequence.dump = selected;
        } else {
            sequence.dump |= selected;
        }
    }
    Ok(())
}

/// Qualified names of the tables to lock. Other relations cannot be locked.
pub(crate) fn to_lock(dump: &Dump) -> Vec<BString> {
    let lockable = |kind: u8| matches!(kind, relkind::TABLE | relkind::PARTITIONED_TABLE);
    (0..dump.listing.tables.len())
        .filter(|&i| lockable(dump.listing.tables[i].relkind))
        .map(|i| dump.table_object(i))
        .filter(|object| object.dumps(Components::NEED_LOCK))
        .map(|object| dump.qualified(object))
        .collect()
}

/// OIDs of the tables whose rows are dumped.
pub(crate) fn to_read(dump: &Dump) -> Vec<Oid> {
    let rows = dump.listing.tables.iter().enumerate();
    rows.filter(|&(i, row)| row.relkind == relkind::TABLE && rows::is_read(dump, i))
        .map(|(_, row)| row.oid)
        .collect()
}

/// The relations whose details are needed, by what is needed of them.
pub(crate) fn wanted(dump: &Dump) -> Wanted {
    let mut wanted = Wanted {
        schema: dump.options.schema,
        rows: to_read(dump),
        ..Wanted::default()
    };
    let inserts = dump.options.inserts.is_some();
    let interesting = interesting(dump);
    for (table, row) in dump.listing.tables.iter().enumerate() {
        let object = dump.table_object(table);
        let defined = object.dumps(Components::DEFINITION) && dump.options.schema;
        if row.relkind == relkind::SEQUENCE {
            if defined {
                wanted.sequences.push(row.oid);
            }
            if rows::is_read(dump, table) {
                wanted.positions.push(row.oid);
            }
            continue;
        }
        if defined && matches!(row.relkind, relkind::VIEW | relkind::MATVIEW) {
            wanted.views.push(row.oid);
        }
        if interesting[table] {
            wanted.tables.push(row.oid);
            if inserts && rows::is_read(dump, table) {
                wanted.value_types.push(row.oid);
            }
            wanted.partition_rows |= row.is_partition && rows::is_read(dump, table);
            if dump.options.statistics && object.dumps(Components::STATISTICS) {
                wanted.statistics.push(row.oid);
            }
        }
    }
    wanted
}

/// Whether the columns of each relation are needed: for itself, for a child, for a sequence that belongs to one of them.
fn interesting(dump: &Dump) -> Vec<bool> {
    let own = Components::DEFINITION | Components::DATA | Components::STATISTICS;
    let mut interesting: Vec<bool> = (0..dump.listing.tables.len())
        .map(|table| {
            dump.table_object(table).dumps(own) || dump.relations.data.contains_key(&table)
        })
        .collect();
    for (table, row) in dump.listing.tables.iter().enumerate() {
        if dump.table_object(table).dump.is_empty() {
            continue;
        }
        for &parent in dump.parents(table) {
            interesting[parent] = true;
        }
        if let Some(owner) = row
            .owning_column
            .and_then(|owning| dump.find_table(owning.table))
        {
            interesting[owner] = true;
        }
    }
    interesting
}

/// Renders a relation with all that hangs on it.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    if !dump.options.schema {
        return Ok(());
    }
    let row = &dump.listing.tables[table];
    let is_sequence = row.relkind == relkind::SEQUENCE;
    if object.dumps(Components::DEFINITION) {
        if is_sequence {
            sequence::render(dump, toc, object, table)?;
        } else {
            render_definition(dump, toc, object, table)?;
        }
    }
    if object.dumps(Components::ACL) {
        let kind = if is_sequence { "SEQUENCE" } else { "TABLE" };
        let owner = dump.role(object, row.owner)?;
        let subject = Subject::of(dump, object, kind, dump.ident(&row.name), owner);
        let privileges = Privileges::of(dump, object.catalog_id, &row.acl);
        let acl = acl::render(dump, toc, &subject, &privileges);
        acl::render_columns(dump, toc, &subject, acl);
    }
    Ok(())
}

fn render_definition(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    let row = &dump.listing.tables[table];
    let type_name = table_definition::type_name(row);
    let owner = dump.role(object, row.owner)?;
    let has_rows = matches!(
        row.relkind,
        relkind::TABLE | relkind::MATVIEW | relkind::PARTITIONED_TABLE
    );
    let section = if object.postponed {
        Section::PostData
    } else {
        Section::PreData
    };
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        // Where there can be a tablespace, the empty name stands for the default one.
        tablespace: has_rows.then(|| row.tablespace.clone().unwrap_or_default()),
        table_am: row.access_method.clone().filter(|_| has_rows),
        relkind: row.relkind,
        owner: Some(owner.to_owned()),
        definition: Some(table_definition::create(dump, object, table)?),
        drop: Some(sql!["DROP ", type_name, " ", dump.qualified(object), ";\n"]),
        ..Toc::entry_of(object, type_name, section)
    });
    let subject = Subject::of(dump, object, type_name, dump.ident(&row.name), owner);
    if object.dumps(Components::COMMENT) {
        table_comment::render(dump, toc, &subject, table);
    }
    if object.dumps(Components::SECLABEL) {
        let columns = dump
            .columns(table)
            .iter()
            .filter(|column| !column.is_dropped);
        let names: Vec<_> = columns
            .map(|column| (column.number, dump.ident(&column.name)))
            .collect();
        seclabel::render_relation(dump, toc, &subject, &names);
    }
    table_comment::render_constraints(dump, toc, &subject, object, table);
    Ok(())
}
