//! ATTACH PARTITION of indexes.

use bstr::BString;
use pgdumprs_catalog::{CatalogId, class};

use crate::contents::toc::Toc;
use crate::families::table_part::Whole;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::{Components, Error};

/// Makes an object for each index of a partition that is a partition of an index itself.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.details.post_data.indexes.len() {
        let row = &dump.details.post_data.indexes[i];
        let find = |oid| dump.objects.find(CatalogId::new(class::PG_CLASS, oid));
        let (Some(partition), Some(parent)) = (find(row.oid), row.parent.and_then(find)) else {
            continue;
        };
        let Kind::Index(parent_index) = dump.objects.get(parent).kind else {
            continue;
        };
        let parent_row = &dump.details.post_data.indexes[parent_index];
        let object = dump.objects.get(partition);
        let tables = [
            Whole::find(dump, object, row.table)?.object.id,
            Whole::find(dump, object, parent_row.table)?.object.id,
        ];
        let (name, namespace) = (object.name.clone(), object.namespace);
        let id = dump
            .objects
            .add(Kind::IndexAttach(i), CatalogId::default(), name, namespace);
        // The tables are named for parallel restores: nothing else may work on them meanwhile.
        for on in [partition, parent].into_iter().chain(tables) {
            dump.objects.add_dependency(id, on);
        }
    }
    Ok(())
}

/// Renders the attachment of the index `index`. It cannot be undone but by dropping the index with its table or its parent.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let row = &dump.details.post_data.indexes[index];
    let find = |oid: Option<u32>| {
        oid.and_then(|oid| dump.objects.find_object(class::PG_CLASS, oid))
            .ok_or_else(|| dump.missing(object, "an index that it attaches"))
    };
    let (partition, parent) = (find(Some(row.oid))?, find(row.parent)?);
    if !dump.options.schema || !partition.dumps(Components::DEFINITION) {
        return Ok(());
    }
    let Kind::Index(parent_index) = parent.kind else {
        return Err(dump.missing(object, "the index that it attaches to"));
    };
    let parent_row = &dump.details.post_data.indexes[parent_index];
    // The owner of the parent runs the statement.
    let mut entry = Whole::find(dump, parent, parent_row.table)?.entry(object, "INDEX ATTACH");
    entry.namespace = dump.namespace_name(object).map(ToOwned::to_owned);
    entry.definition = Some(definition(
        &dump.qualified(parent),
        &dump.qualified(partition),
    ));
    toc.push(entry);
    Ok(())
}

fn definition(parent: &BString, partition: &BString) -> BString {
    sql![
        "ALTER INDEX ",
        parent,
        " ATTACH PARTITION ",
        partition,
        ";\n"
    ]
}
