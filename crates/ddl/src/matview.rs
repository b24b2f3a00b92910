//! Refreshing materialized views.

use std::collections::{HashMap, HashSet};

use bstr::BString;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_catalog::relkind;

use crate::Components;
use crate::dump::Dump;
use crate::object::Object;
use crate::toc::Toc;

/// Lets each refresh wait for those of the views it reads, be it through views or further materialized views. What reads a
/// view without data cannot be refreshed either.
pub(crate) fn link(dump: &mut Dump) {
    let graph = read_by(dump);
    for reader in 0..dump.listing.tables.len() {
        if dump.listing.tables[reader].relkind != relkind::MATVIEW {
            continue;
        }
        let Some(&reader_data) = dump.relations.data.get(&reader) else {
            continue;
        };
        for read in reached(&graph, reader) {
            let row = &dump.listing.tables[read];
            let Some(&read_data) = dump.relations.data.get(&read) else {
                continue;
            };
            if row.relkind != relkind::MATVIEW {
                continue;
            }
            if !row.is_populated {
                dump.relations.unrefreshable.insert(reader);
            }
            dump.objects.add_dependency(reader_data, read_data);
        }
    }
}

/// The views that each view reads, by their indexes in the listing.
fn read_by(dump: &Dump) -> HashMap<usize, Vec<usize>> {
    let mut graph: HashMap<usize, Vec<usize>> = HashMap::new();
    for link in &dump.details.relations.view_dependencies {
        if let (Some(reader), Some(read)) =
            (dump.find_table(link.reader), dump.find_table(link.read))
        {
            graph.entry(reader).or_default().push(read);
        }
    }
    graph
}

/// Everything that `start` reads, directly or not, the nearest first.
///
/// Any order would do. This is how the rows of pg_dump's recursive query tend to come: step by step, and in each step by the
/// age of those that read.
fn reached(graph: &HashMap<usize, Vec<usize>>, start: usize) -> Vec<usize> {
    let mut reached = Vec::new();
    let mut seen = HashSet::new();
    let mut readers = vec![start];
    while !readers.is_empty() {
        let read = readers
            .iter()
            .filter_map(|reader| graph.get(reader))
            .flatten()
            .copied();
        let mut fresh: Vec<usize> = read.filter(|&read| seen.insert(read)).collect();
        reached.extend_from_slice(&fresh);
        fresh.sort_unstable();
        readers = fresh;
    }
    reached
}

/// Renders the refresh of a materialized view, which is `table` in the listing; nothing where it holds no data.
pub(crate) fn render(dump: &Dump, toc: &mut Toc, object: &Object, table: usize) {
    let row = &dump.listing.tables[table];
    let populated = row.is_populated && !dump.relations.unrefreshable.contains(&table);
    if !populated || !object.dumps(Components::DATA) {
        return;
    }
    let name: BString = dump.qualified(dump.table_object(table));
    toc.push(Entry {
        tag: Some(row.name.clone()),
        namespace: dump.namespace_name(object).map(ToOwned::to_owned),
        owner: Some(dump.listing.role(row.owner).to_owned()),
        definition: Some(sql!["REFRESH MATERIALIZED VIEW ", name, ";\n"]),
        // All of them, the section's boundary too, which is no entry: as pg_dump has it.
        dependencies: object.dependencies.iter().map(|id| id.as_i32()).collect(),
        ..Toc::entry_of(object, "MATERIALIZED VIEW DATA", Section::PostData)
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_comes_nearest_first_and_once() {
        let graph = HashMap::from([(1, vec![3, 2]), (2, vec![5]), (3, vec![4, 5]), (5, vec![1])]);
        assert_eq!(reached(&graph, 1), [3, 2, 5, 4, 1]);
        assert_eq!(reached(&graph, 4), [] as [usize; 0]);
    }
}
