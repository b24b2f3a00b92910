//! Extended statistics, and what is in them.

use bstr::{BStr, BString};
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::{CatalogId, StatisticsExt, StatisticsExtData, class};

use crate::annotations::comment::{self, Subject};
use crate::contents::toc::Toc;
use crate::kinds::{relation_statistics, statistics_ext_columns as columns};
use crate::selection;
use crate::state::dump::Dump;
use crate::state::object::{Kind, Object};
use crate::state::restored_columns;
use crate::{Components, Error};

/// Makes an object of every statistics object whose table is dumped. It is dumped where its own schema is.
pub(crate) fn collect(dump: &mut Dump) -> Result<(), Error> {
    for i in 0..dump.details.post_data.statistics_ext.len() {
        let row = &dump.details.post_data.statistics_ext[i];
        let (name, catalog_id) = (
            row.name.clone(),
            CatalogId::new(class::PG_STATISTIC_EXT, row.oid),
        );
        let namespace = dump.find_namespace(row.namespace, || format!("statistics \"{name}\""))?;
        let id = dump
            .objects
            .add(Kind::StatisticsExt(i), catalog_id, name, Some(namespace));
        if dump.options.statistics {
            dump.objects.get_mut(id).components |= Components::STATISTICS;
        }
        selection::select(dump, id);
    }
    Ok(())
}

/// Renders a statistics object, the comment on it, and what it knows.
pub(crate) fn render(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    index: usize,
) -> Result<(), Error> {
    let row = &dump.details.post_data.statistics_ext[index];
    let owner = dump.role(object, row.owner)?;
    if dump.options.schema {
        render_definition(dump, toc, object, row, owner);
    }
    if object.dumps(Components::STATISTICS) {
        render_data(dump, toc, object, row, owner)?;
    }
    Ok(())
}

fn render_definition(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    row: &StatisticsExt,
    owner: &BStr,
) {
    if object.dumps(Components::DEFINITION) {
        let qualified = dump.qualified(object);
        let mut definition = sql![row.definition, ";\n"];
        if let Some(target) = row.target {
            push!(
                definition,
                "ALTER STATISTICS ",
                qualified,
                " SET STATISTICS ",
                target.to_string(),
                ";\n"
            );
        }
        toc.push(Entry {
            tag: Some(row.name.clone()),
            namespace: dump.namespace_name(object).map(ToOwned::to_owned),
            owner: Some(owner.to_owned()),
            definition: Some(definition),
            drop: Some(sql!["DROP STATISTICS ", qualified, ";\n"]),
            ..Toc::entry_of(object, "STATISTICS", Section::PostData)
        });
    }
    if object.dumps(Components::COMMENT) {
        let subject = Subject::of(dump, object, "STATISTICS", dump.ident(&row.name), owner);
        comment::render(dump, toc, &subject);
    }
}

/// Renders what ANALYZE found out, where it has found out anything. It waits for its statistics object alone, be that in the
/// archive or not, and nothing drops it.
fn render_data(
    dump: &Dump,
    toc: &mut Toc,
    object: &Object,
    row: &StatisticsExt,
    owner: &BStr,
) -> Result<(), Error> {
    let Some(data) = dump.details.statistics_ext_data.get(&row.oid) else {
        return Ok(());
    };
    let table = dump
        .find_table(row.table)
        .ok_or_else(|| dump.missing(object, format!("table with OID {}", row.table)))?;
    let mut definition = BString::default();
    for row in data {
        push!(definition, restore(dump, object, table, row));
    }
    let entry = toc.entry_on("EXTENDED STATISTICS DATA", &[object.id]);
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        section: Section::PostData,
        owner: Some(owner.to_owned()),
        definition: Some(definition),
        ..entry
    });
    Ok(())
}

fn restore(dump: &Dump, object: &Object, table: usize, row: &StatisticsExtData) -> BString {
    let numbers = restored_columns::numbers(dump, table);
    let namespace = dump.namespace_name(object).unwrap_or_default();
    let mut text = sql![
        "SELECT * FROM pg_catalog.pg_restore_extended_stats(\n",
        relation_statistics::relation_arguments(dump, dump.table_object(table)),
        ",\n\t'statistics_schemaname', ",
        dump.literal(namespace),
        ",\n\t'statistics_name', ",
        dump.literal(&object.name)
    ];
    for (column, value) in &row.values {
        let said = match *column {
            "n_distinct" | "dependencies" => columns::renumbered(value.as_ref(), &numbers),
            "most_common_vals" => {
                let keys = columns::keys(row.members.as_ref(), dump.columns(table), dump.encoding);
                columns::reordered(value.as_ref(), &keys, &numbers, dump.encoding)
            }
            _ => None,
        };
        let value = dump.literal(said.as_ref().unwrap_or(value));
        push!(
            text,
            ",\n\t'",
            column,
            "', ",
            value,
            "::",
            parameter_type(column)
        );
    }
    push!(text, "\n);\n");
    text
}

/// What `pg_restore_extended_stats` takes a parameter as.
fn parameter_type(parameter: &str) -> &'static str {
    match parameter {
        "inherited" => "boolean",
        "n_distinct" => "pg_ndistinct",
        "dependencies" => "pg_dependencies",
        "most_common_vals" => "text[]",
        "exprs" => "jsonb",
        _ => "double precision[]",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Options;
    use crate::testing::{Fixture, table};

    /// A table with two statistics objects, of which one has data.
    fn entries(options: Options) -> Vec<Entry> {
        let mut fixture = Fixture::new(190_001, vec![table(20_000, "it's")]);
        fixture.options = options;
        fixture.details.post_data.statistics_ext = [(20_010, "Known"), (20_020, "unknown")]
            .map(|(oid, name)| StatisticsExt {
                oid,
                name: name.into(),
                namespace: 2200,
                owner: 10,
                table: 20_000,
                target: None,
                definition: "CREATE STATISTICS …".into(),
            })
            .into();
        let data = |inherited: &str, more: &[(&'static str, &str)]| StatisticsExtData {
            statistics: 20_010,
            members: "a, b".into(),
            values: std::iter::once(&("inherited", inherited))
                .chain(more)
                .map(|&(column, value)| (column, value.into()))
                .collect(),
        };
        let alone = data("f", &[]);
        let with_children = data(
            "t",
            &[
                ("dependencies", "[]"),
                ("most_common_vals", "{{a'b}}"),
                ("most_common_freqs", "{1}"),
                ("exprs", "[null]"),
            ],
        );
        fixture
            .details
            .statistics_ext_data
            .insert(20_010, vec![alone, with_children]);
        let entries = fixture.plan().entries;
        let is_statistics = |entry: &Entry| entry.descriptor.ends_with(b"STATISTICS DATA");
        entries
            .into_iter()
            .filter(|entry| is_statistics(entry) || entry.descriptor == "STATISTICS")
            .collect()
    }

    fn labels(entries: &[Entry]) -> Vec<String> {
        let label = |entry: &Entry| entry.label().to_string();
        entries.iter().map(label).collect()
    }

    #[test]
    fn what_is_known_follows_the_object_and_depends_on_it() {
        let options = Options {
            statistics: true,
            ..Options::default()
        };
        let entries = entries(options);
        assert_eq!(
            labels(&entries)[1..],
            [
                "STATISTICS public Known",
                "EXTENDED STATISTICS DATA public Known",
                "STATISTICS public unknown"
            ]
        );
        let (object, data) = (&entries[1], &entries[2]);
        assert_eq!(data.dependencies, [object.dump_id]);
        assert_eq!((data.catalog_id.oid, &data.drop), (0, &None));
        let named = "SELECT * FROM pg_catalog.pg_restore_extended_stats(\n\
             \t'version', '190001'::integer,\n\t'schemaname', 'public',\n\t'relname', 'it''s',\n\
             \t'statistics_schemaname', 'public',\n\t'statistics_name', 'Known',\n";
        assert_eq!(
            data.definition.as_ref().unwrap().to_string(),
            format!(
                "{named}\t'inherited', 'f'::boolean\n);\n\
                 {named}\t'inherited', 't'::boolean,\n\
                 \t'dependencies', '[]'::pg_dependencies,\n\
                 \t'most_common_vals', '{{{{a''b}}}}'::text[],\n\
                 \t'most_common_freqs', '{{1}}'::double precision[],\n\
                 \t'exprs', '[null]'::jsonb\n);\n"
            )
        );
    }

    #[test]
    fn it_goes_where_statistics_go() {
        let mut options = Options::default();
        assert_eq!(
            labels(&entries(options.clone())),
            ["STATISTICS public Known", "STATISTICS public unknown"]
        );
        (options.schema, options.data, options.statistics) = (false, false, true);
        let entries = entries(options);
        assert_eq!(
            labels(&entries),
            [
                "STATISTICS DATA public it's",
                "EXTENDED STATISTICS DATA public Known"
            ]
        );
        // On the object, which is not there.
        assert!(entries[1].dependencies[0] < entries[1].dump_id);
    }
}
