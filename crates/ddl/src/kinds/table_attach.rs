//! ATTACH PARTITION.

use pgdumprs_archive::{Entry, Section};

use crate::Error;
use crate::contents::toc::Toc;
use crate::state::dump::Dump;
use crate::state::object::Object;

/// Renders the attachment of a partition, which is `table` in the listing. A partition that exists by itself can be restored
/// without its parent, and keeps the order of its columns.
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
    let definition = dump.details.relations.definitions.get(&row.oid);
    let bound = definition
        .and_then(|definition| definition.partition_bound.as_ref())
        .ok_or_else(|| dump.missing(object, "its partition bound"))?;
    let &[parent] = dump.parents(table) else {
        return Err(dump.missing(object, "its partitioned table"));
    };
    let (parent, partition) = (dump.table_object(parent), dump.table_object(table));
    toc.push(Entry {
        tag: Some(object.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.role(object, row.owner)?.to_owned()),
        definition: Some(sql![
            "ALTER TABLE ONLY ",
            dump.qualified(parent),
            " ATTACH PARTITION ",
            dump.qualified(partition),
            " ",
            bound,
            ";\n"
        ]),
        ..Toc::entry_of(object, "TABLE ATTACH", Section::PreData)
    });
    Ok(())
}
