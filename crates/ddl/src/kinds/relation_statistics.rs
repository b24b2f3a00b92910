//! Planner statistics of tables, materialized views and indexes: what ANALYZE found out.

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{AttributeStatistics, CatalogId, Oid, relkind};

use crate::Components;
use crate::contents::toc::Toc;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, LoopRole, Object};

/// What `pg_class.reltuples` holds, since 14, where nobody has counted rows.
const NEVER_ANALYZED: &str = "-1";

/// Size and number of rows of a relation, as `pg_class` has them.
struct Size<'a> {
    oid: Oid,
    pages: i32,
    tuples: &'a BStr,
    all_visible: i32,
    all_frozen: i32,
}

/// Makes the object for the statistics of a relation in the listing, where it can have any and is dumped.
pub(crate) fn add_table(dump: &mut Dump, table: usize) {
    let row = &dump.listing.tables[table];
    let has_statistics = matches!(
        row.relkind,
        relkind::TABLE | relkind::PARTITIONED_TABLE | relkind::MATVIEW | relkind::FOREIGN_TABLE
    );
    let own = Components::DEFINITION | Components::DATA | Components::STATISTICS;
    let whole = dump.table_object(table);
    if !dump.options.statistics || !has_statistics || !whole.dumps(own) {
        return;
    }
    let is_matview = row.relkind == relkind::MATVIEW;
    let id = add(dump, Kind::RelationStatistics(table), dump.table_ids[table]);
    if is_matview {
        dump.objects.get_mut(id).loop_role = LoopRole::Matview;
        dump.relations.matview_statistics.insert(table, id);
    }
}

/// Makes the object for the statistics of the index with dump id `id`, which is `index` in the details.
pub(crate) fn add_index(dump: &mut Dump, index: usize, id: DumpId) -> Option<DumpId> {
    let wanted = dump.options.statistics;
    wanted.then(|| add(dump, Kind::IndexStatistics(index), id))
}

fn add(dump: &mut Dump, kind: Kind, of: DumpId) -> DumpId {
    let relation = dump.objects.get(of);
    let (name, namespace) = (relation.name.clone(), relation.namespace);
    let id = dump
        .objects
        .add(kind, CatalogId::default(), name, namespace);
    dump.objects.get_mut(id).components |= Components::STATISTICS;
    dump.objects.add_dependency(id, of);
    id
}

/// Lets the statistics of a materialized view wait for its refresh, which would throw them away.
pub(crate) fn follow_refresh(dump: &mut Dump, table: usize, refresh: DumpId) {
    if let Some(&id) = dump.relations.matview_statistics.get(&table) {
        dump.objects.add_dependency(id, refresh);
        dump.objects.get_mut(id).postponed = true;
    }
}

/// Renders the statistics of a relation in the listing.
pub(crate) fn render_table(dump: &Dump, toc: &mut Toc, object: &Object, table: usize) {
    let row = &dump.listing.tables[table];
    let size = Size {
        oid: row.oid,
        pages: row.pages,
        tuples: row.tuples.as_ref(),
        all_visible: row.all_visible,
        all_frozen: row.all_frozen,
    };
    let section = if object.postponed {
        Section::PostData
    } else {
        Section::Data
    };
    render(dump, toc, object, &size, section);
}

/// Renders the statistics of an index.
pub(crate) fn render_index(dump: &Dump, toc: &mut Toc, object: &Object, index: usize) {
    let row = &dump.details.post_data.indexes[index];
    let size = Size {
        oid: row.oid,
        pages: row.pages,
        tuples: row.tuples.as_ref(),
        all_visible: row.all_visible,
        all_frozen: row.all_frozen,
    };
    render(dump, toc, object, &size, Section::PostData);
}

fn render(dump: &Dump, toc: &mut Toc, object: &Object, size: &Size<'_>, section: Section) {
    let namespace = dump.namespace_name(object);
    let mut definition = restore_relation(dump, object, size);
    for row in dump
        .details
        .attribute_statistics
        .get(&size.oid)
        .into_iter()
        .flatten()
    {
        push!(definition, restore_attribute(dump, object, row));
    }
    // All dependencies, the section's boundary too, which is no entry: as pg_dump has it.
    let dependencies = object.dependencies.clone();
    let entry = toc.entry_on("STATISTICS DATA", &dependencies);
    toc.push(Entry {
        tag: Some(object.name.clone()),
        namespace: namespace.map(BStr::to_owned),
        section,
        definition: Some(definition),
        ..entry
    });
}

/// The arguments that every function for statistics begins with: who knew this, and of which relation. `object` has the
/// relation's name and schema.
pub(crate) fn relation_arguments(dump: &Dump, object: &Object) -> BString {
    let version = dump.listing.server.version.to_string();
    let namespace = dump.namespace_name(object).unwrap_or_default();
    sql![
        "\t'version', '",
        version,
        "'::integer,\n\t'schemaname', ",
        dump.literal(namespace),
        ",\n\t'relname', ",
        dump.literal(&object.name)
    ]
}

fn restore_relation(dump: &Dump, object: &Object, size: &Size<'_>) -> BString {
    // Before 14, the number that stood for an empty relation stood for one that was never analyzed as well, and taking one for
    // the other leads to bad plans.
    let unknown = dump.listing.server.version < 140000 && size.tuples == "0";
    let tuples = if unknown {
        NEVER_ANALYZED.into()
    } else {
        size.tuples
    };
    let mut text = sql![
        "SELECT * FROM pg_catalog.pg_restore_relation_stats(\n",
        relation_arguments(dump, object),
        ",\n\t'relpages', '",
        size.pages.to_string(),
        "'::integer,\n\t'reltuples', '",
        tuples,
        "'::real,\n\t'relallvisible', '",
        size.all_visible.to_string(),
        "'::integer"
    ];
    if dump.listing.server.version >= 180000 {
        push!(
            text,
            ",\n\t'relallfrozen', '",
            size.all_frozen.to_string(),
            "'::integer"
        );
    }
    push!(text, "\n);\n");
    text
}

fn restore_attribute(dump: &Dump, object: &Object, row: &AttributeStatistics) -> BString {
    let mut text = sql![
        "SELECT * FROM pg_catalog.pg_restore_attribute_stats(\n",
        relation_arguments(dump, object)
    ];
    match row.index_column {
        Some(number) => push!(text, ",\n\t'attnum', '", number.to_string(), "'::smallint"),
        None => push!(text, ",\n\t'attname', ", dump.literal(&row.name)),
    }
    for (column, value) in &row.values {
        let (value, parameter) = (dump.literal(value), parameter_type(column));
        push!(text, ",\n\t'", column, "', ", value, "::", parameter);
    }
    push!(text, "\n);\n");
    text
}

/// What `pg_restore_attribute_stats` takes a column of `pg_stats` as. Values of the column's own type, which need not exist yet,
/// are taken as text.
fn parameter_type(column: &str) -> &'static str {
    match column {
        "inherited" => "boolean",
        "avg_width" => "integer",
        "null_frac" | "n_distinct" | "correlation" | "range_empty_frac" => "real",
        "most_common_freqs" | "most_common_elem_freqs" | "elem_count_histogram" => "real[]",
        _ => "text",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Fixture, table};

    fn statistics(version: u32, tuples: &str, values: Vec<(&'static str, BString)>) -> String {
        let mut row = table(20_000, "t");
        row.pages = 3;
        row.tuples = tuples.into();
        row.all_visible = 2;
        row.all_frozen = 1;
        let mut fixture = Fixture::new(version, vec![row]);
        fixture.options.schema = false;
        fixture.options.statistics = true;
        if !values.is_empty() {
            let row = AttributeStatistics {
                relation: 20_000,
                name: "it's".into(),
                index_column: None,
                values,
            };
            fixture
                .details
                .attribute_statistics
                .insert(20_000, vec![row]);
        }
        fixture.definition("STATISTICS DATA", "t")
    }

    #[test]
    fn sizes_are_restored() {
        assert_eq!(
            statistics(180_002, "250", Vec::new()),
            "SELECT * FROM pg_catalog.pg_restore_relation_stats(\n\
             \t'version', '180002'::integer,\n\t'schemaname', 'public',\n\t'relname', 't',\n\
             \t'relpages', '3'::integer,\n\t'reltuples', '250'::real,\n\
             \t'relallvisible', '2'::integer,\n\t'relallfrozen', '1'::integer\n);\n"
        );
    }

    #[test]
    fn no_rows_may_mean_that_nobody_counted() {
        let tuples = |version| statistics(version, "0", Vec::new()).contains("'-1'::real");
        assert!(tuples(130_023));
        assert!(!tuples(140_000));
    }

    #[test]
    fn values_are_quoted_and_typed() {
        let values = vec![
            ("null_frac", "0.5".into()),
            ("most_common_vals", "{a\\'b}".into()),
            ("most_common_freqs", "{1}".into()),
        ];
        let text = statistics(170_000, "1", values);
        assert!(!text.contains("relallfrozen"), "{text}");
        assert!(
            text.ends_with(
                "\t'attname', 'it''s',\n\t'null_frac', '0.5'::real,\n\
                 \t'most_common_vals', '{a\\''b}'::text,\n\t'most_common_freqs', '{1}'::real[]\n);\n"
            ),
            "{text}"
        );
    }
}
