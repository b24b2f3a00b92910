//! Relations: which are dumped, which are locked.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, class, relkind};

use crate::dump::Dump;
use crate::object::{Kind, LoopRole};
use crate::{Components, Error, selection};

/// Makes an object of every relation, system catalogs and composite types included: dependencies lead through them.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.tables.len() {
        let row = &dump.listing.tables[i];
        let (kind, has_acl) = (row.relkind, row.acl.acl.is_some());
        let namespace = dump.find_namespace(row.namespace, || format!("relation \"{}\"", row.name))?;
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
            selection::select(dump, id);
        }
    }
    dump_owned_sequences(dump)
}

/// A sequence that belongs to a column goes where its table goes.
fn dump_owned_sequences(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.listing.tables.len() {
        let Some(owning) = dump.listing.tables[i].owning_column else { continue };
        let table = dump.find_table(owning.table).ok_or_else(|| Error::Missing {
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

/// OIDs of the relations whose details are needed.
pub(crate) fn interesting(dump: &Dump) -> Vec<u32> {
    let wanted = Components::DEFINITION | Components::DATA | Components::STATISTICS;
    dump.table_ids
        .iter()
        .map(|&id| dump.objects.get(id))
        .filter(|object| object.dumps(wanted))
        .map(|object| object.catalog_id.oid)
        .collect()
}
