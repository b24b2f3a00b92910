//! Rows of tables and positions of sequences.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, relkind};

use crate::dump::Dump;
use crate::object::{DumpId, Kind, Object};
use crate::toc::{DataJob, Toc};
use crate::{Components, Error, column, sql};

/// Makes an object for the data of every relation whose data is dumped.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.data {
        return;
    }
    for table in 0..dump.listing.tables.len() {
        if dump.table_object(table).dumps(Components::DATA) {
            add(dump, table);
        }
    }
}

/// Makes the object for a relation's data, unless it has none, or one already: rows of a table, position of a sequence,
/// refresh of a materialized view.
pub(crate) fn add(dump: &mut Dump, table: usize) -> Option<DumpId> {
    if let Some(&id) = dump.relations.data.get(&table) {
        return Some(id);
    }
    let row = &dump.listing.tables[table];
    if row.persistence == b'u' && !dump.options.unlogged_table_data {
        return None;
    }
    let kind = match row.relkind {
        relkind::TABLE => Kind::TableData(table),
        relkind::SEQUENCE => Kind::SequenceSet(table),
        relkind::MATVIEW => Kind::RefreshMatview(table),
        // Rows of a foreign table are its server's, those of a partitioned table are its partitions'.
        _ => return None,
    };
    let whole = dump.table_object(table);
    let (whole_id, name, namespace) = (whole.id, whole.name.clone(), whole.namespace);
    // Without the catalog it cannot be taken for the table by what the catalogs say of dependencies.
    let catalog_id = CatalogId {
        tableoid: 0,
        oid: row.oid,
    };
    let id = dump.objects.add(kind, catalog_id, name, namespace);
    dump.objects.get_mut(id).components |= Components::DATA;
    dump.objects.add_dependency(id, whole_id);
    dump.relations.data.insert(table, id);
    Some(id)
}

/// Lets the rows of each table wait for those its foreign keys refer to. A dump with definitions need not: it creates foreign
/// keys when the rows are there.
pub(crate) fn link_foreign_keys(dump: &mut Dump) {
    if dump.options.schema {
        return;
    }
    let data = |oid| {
        dump.find_table(oid)
            .and_then(|table| dump.relations.data.get(&table).copied())
    };
    let keys = dump.objects.iter().filter_map(|object| match object.kind {
        Kind::FkConstraint(index) => Some(&dump.details.constraints[index]),
        _ => None,
    });
    let links: Vec<_> = keys
        .filter_map(|key| data(key.table).zip(key.references.and_then(data)))
        .collect();
    for (referring, referred) in links {
        dump.objects.add_dependency(referring, referred);
    }
}

/// Renders the entry for a table's rows, and the job that reads them.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, object: &Object, table: usize) {
    if !object.dumps(Components::DATA) {
        return;
    }
    let row = &dump.listing.tables[table];
    let whole = dump.table_object(table);
    let name = dump.qualified(whole);
    let columns = column::copy_list(dump, table);
    let root = reload_root(dump, table).map(|root| dump.qualified(dump.table_object(root)));
    toc.push(Entry {
        had_dumper: true,
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.listing.role(row.owner).to_owned()),
        definition: root
            .as_ref()
            .map(|root| sql!["-- load via partition root ", one_line(root)]),
        copy: Some(sql![
            "COPY ",
            root.as_ref().unwrap_or(&name),
            " ",
            columns,
            " FROM stdin;\n"
        ]),
        dependencies: vec![whole.id.as_i32()],
        ..Toc::entry_of(object, "TABLE DATA", Section::Data)
    });
    let copy = match dump.relations.conditions.get(&table) {
        Some(condition) => select_rows(&name, &columns, condition),
        None => sql!["COPY ", name, " ", columns, " TO stdout;"],
    };
    toc.data.push(DataJob::Table {
        dump_id: object.id.as_i32(),
        oid: row.oid,
        name,
        copy,
    });
}

/// The statement that reads the rows of a configuration table that its extension does not bring along.
fn select_rows(name: &BString, columns: &BString, condition: &BString) -> BString {
    let columns = columns
        .strip_prefix(b"(")
        .and_then(|list| list.strip_suffix(b")"))
        .unwrap_or(b"*");
    sql![
        "COPY (SELECT ",
        columns,
        " FROM ",
        name,
        " ",
        condition,
        ") TO stdout;"
    ]
}

/// The partitioned table that a partition's rows must be loaded through, because they may belong to another partition after
/// a restore.
fn reload_root(dump: &Dump, table: usize) -> Option<usize> {
    let mut current = table;
    let mut unstable = false;
    while dump.listing.tables[current].is_partition {
        let &parent = dump.parents(current).first()?;
        let oid = dump.listing.tables[parent].oid;
        unstable |= dump.details.relations.unstable_partitioning.contains(&oid);
        current = parent;
    }
    unstable.then_some(current)
}

/// A text that stays within a comment of one line.
fn one_line(text: &BString) -> BString {
    text.iter()
        .map(|&byte| {
            if matches!(byte, b'\n' | b'\r') {
                b' '
            } else {
                byte
            }
        })
        .collect::<Vec<_>>()
        .into()
}

/// Renders the statement that puts a sequence where it stood.
pub(crate) fn render_position(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    if !dump.options.data || !object.dumps(Components::DATA) {
        return Ok(());
    }
    let row = &dump.listing.tables[table];
    let whole = dump.table_object(table);
    let position = dump
        .details
        .relations
        .positions
        .get(&row.oid)
        .ok_or_else(|| Error::Unreadable {
            object: format!("sequence {}", dump.qualified(whole)),
            what: "the position".into(),
            hint: "the role needs the privilege SELECT on the sequence".into(),
        })?;
    let entry = toc.entry_on("SEQUENCE SET", &[whole.id]);
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.listing.role(row.owner).to_owned()),
        section: Section::Data,
        definition: Some(sql![
            "SELECT pg_catalog.setval(",
            sql::literal(dump.qualified(whole)),
            ", ",
            position.last_value.to_string(),
            ", ",
            position.is_called.to_string(),
            ");\n"
        ]),
        ..entry
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filtered_rows_are_selected_by_column() {
        let condition = BString::from("WHERE NOT built_in");
        let copy =
            |columns: &str| select_rows(&"s.t".into(), &columns.into(), &condition).to_string();
        assert_eq!(
            copy("(a, b)"),
            "COPY (SELECT a, b FROM s.t WHERE NOT built_in) TO stdout;"
        );
        assert_eq!(
            copy(""),
            "COPY (SELECT * FROM s.t WHERE NOT built_in) TO stdout;"
        );
    }

    #[test]
    fn comments_stay_on_one_line() {
        assert_eq!(one_line(&"\"a\nb\r\"".into()), "\"a b \"");
    }
}
