//! Rows of tables and positions of sequences.

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, relkind};

use crate::contents::toc::{DataJob, TableRows, Toc};
use crate::kinds::{column, relation_statistics};
use crate::selection::{row_choice, rows};
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object};
use crate::text::{binary, inserts};
use crate::{Components, Error};

/// Makes an object for the data of every relation whose data is dumped.
pub(crate) fn collect(dump: &mut Dump) {
    if !dump.options.dumps_positions() {
        return;
    }
    for table in 0..dump.listing.tables.len() {
        let wanted = dump.options.data || dump.listing.tables[table].relkind == relkind::SEQUENCE;
        if wanted && dump.table_object(table).dumps(Components::DATA) {
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
    if rows::is_left_out(dump, table) {
        return None;
    }
    let row = &dump.listing.tables[table];
    let kind = match row.relkind {
        relkind::TABLE => Kind::TableData(table),
        relkind::SEQUENCE => Kind::SequenceSet(table),
        relkind::MATVIEW => Kind::RefreshMatview(table),
        relkind::FOREIGN_TABLE if rows::is_foreign(dump, table) => Kind::TableData(table),
        // Rows of other foreign tables are their server's, those of a partitioned table are its partitions'.
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
    relation_statistics::follow_refresh(dump, table, id);
    Some(id)
}

/// Lets the rows of each table wait for those its foreign keys refer to. A dump with definitions need not: it creates foreign
/// keys when the rows are there.
pub(crate) fn link_foreign_keys(dump: &mut Dump) {
    if dump.options.schema || !dump.options.data {
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
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    table: usize,
) -> Result<(), Error> {
    if !object.dumps(Components::DATA) {
        return Ok(());
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
        owner: Some(dump.role(object, row.owner)?.to_owned()),
        definition: root
            .as_ref()
            .map(|root| sql!["-- load via partition root ", one_line(root)]),
        copy: dump.options.inserts.is_none().then(|| {
            let target = root.as_ref().unwrap_or(&name);
            sql!["COPY ", target, " ", columns, " FROM stdin;\n"]
        }),
        dependencies: vec![whole.id.as_i32()],
        ..Toc::entry_of(object, "TABLE DATA", Section::Data)
    });
    let own = dump.relations.conditions.get(&table);
    let is_configuration = own.is_some();
    let choice = row_choice::of(dump, table);
    let is_foreign = row.relkind == relkind::FOREIGN_TABLE;
    // What inherits from a foreign table is read with it.
    let all = match is_foreign {
        true => name.clone(),
        false => sql!["ONLY ", name],
    };
    let clause = choice.map(|choice| sql![all, " ", row_choice::clause(choice, own, &name)]);
    let own = own.map(|own| sql![name, " ", own]);
    // A foreign table can only be read by a query.
    let query = clause.as_ref().or(own.as_ref());
    let query = query.or(is_foreign.then_some(&all));
    let copy = match query {
        Some(query) => sql!["COPY (", select_rows(&columns, query), ") TO stdout;"],
        None => sql!["COPY ", name, " ", columns, " TO stdout;"],
    };
    // An extension's clause may order or limit its rows; where they are loaded, it has brought the others along.
    let own = own.map(|own| sql!["(", select_rows(&columns, &own), ") AS own"]);
    let rows = TableRows {
        columns: column_names(&columns).unwrap_or_default().into(),
        from: clause.or(own.clone()).unwrap_or_else(|| all.clone()),
        loaded_into: root.as_ref().unwrap_or(&name).clone(),
        loaded_from: own.or(root.clone()).unwrap_or(all),
    };
    let (copy, inserts) = match &dump.options.inserts {
        Some(inserts) => {
            let target = root.as_ref().unwrap_or(&name);
            let (copy, form) = inserts::form(dump, inserts, table, &name, target);
            (copy, Some(form))
        }
        None => (copy, None),
    };
    let size = dump.details.relations.sizes.get(&row.oid);
    let size = size.copied().unwrap_or_default();
    let by_pages = column_names(&columns)
        .filter(|_| size.by_pages && !is_configuration && inserts.is_none())
        .map(|names| (size.pages, names.into()));
    toc.data.push(DataJob::Table {
        dump_id: object.id.as_i32(),
        oid: row.oid,
        name,
        copy,
        rows: Box::new(rows),
        bytes: size.bytes,
        by_pages,
        condition: choice.map(|choice| choice.condition().clone()),
        inserts,
        is_binary_exact: root.is_none() && binary::is_exact(row, dump.columns(table)),
    });
    Ok(())
}

/// The columns in a list that COPY takes, without its parentheses; `None` where the table has no columns.
fn column_names(columns: &BString) -> Option<&[u8]> {
    columns.strip_prefix(b"(")?.strip_suffix(b")")
}

/// The query for those rows of a table that meet a condition, such as those of a configuration table that its extension does not
/// bring along.
fn select_rows(columns: &BString, from: &BString) -> BString {
    let columns = column_names(columns).unwrap_or(b"*");
    sql!["SELECT ", columns, " FROM ", from]
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
    let via_root = unstable || dump.options.load_via_partition_root;
    (via_root && current != table).then_some(current)
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
    if !dump.options.dumps_positions() || !object.dumps(Components::DATA) {
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
        owner: Some(dump.role(object, row.owner)?.to_owned()),
        section: Section::Data,
        definition: Some(sql![
            "SELECT pg_catalog.setval(",
            dump.literal(dump.qualified(whole)),
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
    use pgdumprs_catalog::{Constraint, contype};

    use super::*;
    use crate::Plan;
    use crate::testing::{Fixture, column, table};

    #[test]
    fn filtered_rows_are_selected_by_column() {
        let from = BString::from("s.t WHERE NOT built_in");
        let copy = |columns: &str| select_rows(&columns.into(), &from).to_string();
        assert_eq!(copy("(a, b)"), "SELECT a, b FROM s.t WHERE NOT built_in");
        assert_eq!(copy(""), "SELECT * FROM s.t WHERE NOT built_in");
    }

    /// A table that is partitioned twice, by something that a restore changes at the top, and its one leaf.
    fn partitioned() -> Fixture {
        let mut tables = vec![
            table(20_000, "top"),
            table(20_010, "middle"),
            table(20_020, "leaf"),
        ];
        for partitioned in &mut tables[..2] {
            partitioned.relkind = relkind::PARTITIONED_TABLE;
        }
        for partition in &mut tables[1..] {
            partition.is_partition = true;
        }
        let mut fixture = Fixture::new(170_000, tables)
            .inherits(20_010, 20_000)
            .inherits(20_020, 20_010);
        // Definitions need bounds and keys, which are not what is tested here.
        fixture.options.schema = false;
        fixture.column(column(20_020, 1, "a"))
    }

    fn rows(plan: &Plan) -> Vec<&Entry> {
        plan.entries
            .iter()
            .filter(|entry| entry.descriptor == "TABLE DATA")
            .collect()
    }

    #[test]
    fn rows_of_a_partition_are_loaded_where_they_were() {
        let plan = partitioned().plan();
        let entries = rows(&plan);
        assert_eq!(entries.len(), 1, "only the leaf has rows");
        assert_eq!(
            entries[0].copy,
            Some("COPY public.leaf (a) FROM stdin;\n".into())
        );
        assert_eq!(entries[0].definition, None);
        let DataJob::Table { rows, .. } = &plan.data[0] else {
            panic!("{:?}", plan.data)
        };
        assert_eq!(
            (&rows.from, &rows.loaded_from),
            (&"ONLY public.leaf".into(), &"ONLY public.leaf".into())
        );
    }

    #[test]
    fn rows_go_through_the_top_where_partitions_may_change() {
        let mut fixture = partitioned();
        fixture
            .details
            .relations
            .unstable_partitioning
            .insert(20_000);
        let plan = fixture.plan();
        let entry = rows(&plan)[0];
        assert_eq!(
            entry.definition,
            Some("-- load via partition root public.top".into())
        );
        assert_eq!(entry.copy, Some("COPY public.top (a) FROM stdin;\n".into()));
        let DataJob::Table { copy, rows, .. } = &plan.data[0] else {
            panic!("{:?}", plan.data)
        };
        assert_eq!(*copy, "COPY public.leaf (a) TO stdout;");
        assert_eq!(
            **rows,
            TableRows {
                columns: "a".into(),
                from: "ONLY public.leaf".into(),
                loaded_into: "public.top".into(),
                loaded_from: "public.top".into(),
            }
        );
    }

    #[test]
    fn rows_follow_those_they_refer_to_where_foreign_keys_are_there_already() {
        let key = Constraint {
            oid: 30_000,
            name: "fk".into(),
            contype: contype::FOREIGN_KEY,
            table: 20_000,
            definition: Some("FOREIGN KEY (x) REFERENCES public.b(x)".into()),
            index: None,
            references: Some(20_010),
            is_deferrable: false,
            is_deferred: false,
            is_period: false,
            is_local: true,
            is_validated: true,
        };
        let tags = |schema: bool| {
            let tables = vec![table(20_000, "a"), table(20_010, "b")];
            let mut fixture = Fixture::new(170_000, tables);
            fixture.options.schema = schema;
            fixture.details.constraints.push(key.clone());
            let plan = fixture.plan();
            let entries = rows(&plan).into_iter();
            entries
                .map(|entry| entry.tag.clone().unwrap_or_default())
                .collect::<Vec<_>>()
        };
        assert_eq!(tags(false), ["b", "a"]);
        assert_eq!(tags(true), ["a", "b"]);
    }

    #[test]
    fn a_position_that_cannot_be_read_is_an_error() {
        let mut sequence = table(20_000, "s");
        sequence.relkind = relkind::SEQUENCE;
        let mut fixture = Fixture::new(180_000, vec![sequence]);
        fixture.options.schema = false;
        let dump = Dump::new(fixture.listing, fixture.options).unwrap();
        assert_eq!(dump.wanted().positions, [20_000]);
        let error = dump.plan(fixture.details).unwrap_err().to_string();
        assert!(
            error.contains("sequence public.s") && error.contains("SELECT"),
            "{error}"
        );
    }

    #[test]
    fn comments_stay_on_one_line() {
        assert_eq!(one_line(&"\"a\nb\r\"".into()), "\"a b \"");
    }
}
