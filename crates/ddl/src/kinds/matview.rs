//! Refreshing materialized views.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};

use crate::contents::toc::Toc;
use crate::state::dump::Dump;
use crate::state::object::Object;
use crate::{Components, Error};

/// Lets each refresh wait for those of the views it reads, be it through views or further materialized views. What reads a
/// view without data cannot be refreshed either.
pub(crate) fn link(dump: &mut Dump) {
    for at in 0..dump.details.relations.view_dependencies.len() {
        let link = dump.details.relations.view_dependencies[at];
        let (Some(reader), Some(read)) = (dump.find_table(link.reader), dump.find_table(link.read))
        else {
            continue;
        };
        let data = &dump.relations.data;
        let (Some(&reader_data), Some(&read_data)) = (data.get(&reader), data.get(&read)) else {
            continue;
        };
        if !dump.listing.tables[read].is_populated {
            dump.relations.unrefreshable.insert(reader);
        }
        dump.objects.add_dependency(reader_data, read_data);
    }
}

/// Renders the refresh of a materialized view, which is `table` in the listing; nothing where it holds no data.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    let row = &dump.listing.tables[table];
    let populated = row.is_populated && !dump.relations.unrefreshable.contains(&table);
    if !populated || !object.dumps(Components::DATA) {
        return Ok(());
    }
    let name: BString = dump.qualified(dump.table_object(table));
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.role(object, row.owner)?.to_owned()),
        definition: Some(sql!["REFRESH MATERIALIZED VIEW ", name, ";\n"]),
        // All of them, the section's boundary too, which is no entry: as pg_dump has it.
        dependencies: object.dependencies.iter().map(|id| id.as_i32()).collect(),
        ..Toc::entry_of(object, "MATERIALIZED VIEW DATA", Section::PostData)
    });
    Ok(())
}
