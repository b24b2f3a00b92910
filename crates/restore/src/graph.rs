//! What waits for what, and what must not happen at the same time.
//!
//! Dependencies come from the archive. What comes after the data and depends on a table waits for the table's rows; and unless it makes an
//! index alone, it locks the table against all others, with its partitions. `pg_dump`'s archives do not say the latter.

mod tables;

use std::collections::{HashMap, HashSet};

use pgdumprs_archive::{Entry, Section};
use pgdumprs_script::{Parts, Pass, Script, Step};

use crate::graph::tables::Tables;
use crate::source::Source;

/// An entry that is to be restored, or that others are told to wait for.
#[derive(Debug, Default)]
pub(crate) struct Node {
    /// The position of its step in the script; `None` for an entry that is left out, which takes no time.
    pub(crate) step: Option<usize>,
    /// How many nodes it waits for.
    pub(crate) waits_for: Vec<usize>,
    /// Which nodes wait for it.
    pub(crate) waited_for_by: Vec<usize>,
    /// Dump ids of the tables, or their rows, that nobody else may touch meanwhile.
    pub(crate) locks: Vec<i32>,
    /// Dump ids of everything that it depends on.
    pub(crate) touches: Vec<i32>,
    /// Bytes of data in the archive that it has to do with.
    pub(crate) cost: u64,
    /// It reads an archive that can be read only once.
    pub(crate) reads_on: bool,
}

/// The nodes of a part of a restore, in the archive's order.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    pub(crate) nodes: Vec<Node>,
}

impl Graph {
    /// Links the steps at these positions, all of one pass. What is left out of the restore and belongs to the same pass comes in between, so
    /// that what depends on something by way of it waits as well.
    pub(crate) fn new(script: &Script, steps: &[usize], source: &Source) -> Self {
        let entries = script.entries();
        let mut step_of: HashMap<usize, usize> = HashMap::new();
        let mut is_done = vec![false; entries.len()];
        for (position, step) in script.steps().iter().enumerate() {
            if step.pass != Pass::Drop {
                is_done[step.entry] = true;
            }
            if steps.binary_search(&position).is_ok() {
                step_of.insert(step.entry, position);
            }
        }
        let tables = Tables::new(entries);
        let mut graph = Graph::default();
        let mut node_of: HashMap<i32, usize> = HashMap::new();
        for (at, entry) in entries.iter().enumerate() {
            let step = step_of.get(&at).copied();
            let is_left_out =
                !is_done[at] && matches!(entry.section, Section::Data | Section::PostData);
            if step.is_none() && !is_left_out {
                continue;
            }
            node_of.insert(entry.dump_id, graph.nodes.len());
            let touches = tables.touched_by(entry);
            let locks = match entry.section == Section::PostData && entry.descriptor != "INDEX" {
                true => touches
                    .iter()
                    .copied()
                    .filter(|id| tables.is_table(*id))
                    .collect(),
                false => Vec::new(),
            };
            let data = touches.iter().chain([&entry.dump_id]);
            let cost = data.map(|id| source.size(*id)).sum();
            let has_data =
                |step: usize| entry.had_dumper && script.steps()[step].parts.contains(Parts::DATA);
            graph.nodes.push(Node {
                step,
                locks,
                touches,
                cost,
                reads_on: source.is_read_once() && step.is_some_and(has_data),
                ..Node::default()
            });
        }
        let behind = graph.in_place(script).into_iter();
        let behind = behind.zip(graph.behind_refreshes(script));
        for (at, (in_place, refreshes)) in behind.enumerate() {
            let touches = graph.nodes[at].touches.iter();
            let mut waits_for: Vec<usize> = touches
                .filter_map(|id| node_of.get(id).copied())
                .filter(|&other| other != at)
                .collect();
            waits_for.extend(in_place);
            waits_for.extend(refreshes);
            waits_for.sort_unstable();
            waits_for.dedup();
            for &other in &waits_for {
                graph.nodes[other].waited_for_by.push(at);
            }
            graph.nodes[at].waits_for = waits_for;
        }
        graph
    }

    /// What each node waits for so that definitions which belong before the data, and stand behind some of it, keep their places among all
    /// definitions. A view that is made before its query can be may name the row type of a materialized view that waits for a key, and the
    /// archive's dependencies do not say so: its place does.
    fn in_place(&self, script: &Script) -> Vec<Vec<usize>> {
        let section = |step: usize| script.entry(&script.steps()[step]).section;
        let mut waits_for = vec![Vec::new(); self.nodes.len()];
        let data =
            |step: &Step| step.pass == Pass::Main && script.entry(step).section >= Section::Data;
        let Some(first_data) = script.steps().iter().position(data) else {
            return waits_for;
        };
        let nodes = self.nodes.iter().enumerate();
        let mut steps: Vec<(usize, usize)> = nodes
            .filter_map(|(node, of)| Some((of.step?, node)))
            .collect();
        steps.sort_unstable();
        let mut last = None;
        let mut since = Vec::new();
        for (step, node) in steps {
            waits_for[node].extend(last);
            if section(step) == Section::PreData && step > first_data {
                waits_for[node].append(&mut since);
                last = Some(node);
            } else if section(step) != Section::Data {
                since.push(node);
            }
        }
        waits_for
    }

    /// Which materialized views are filled before others for the sake of functions: what a function reads is in no dependency, so that a view whose
    /// query may call one waits for all that are filled before it in the archive's order.
    fn behind_refreshes(&self, script: &Script) -> Vec<Vec<usize>> {
        let mut waits_for = vec![Vec::new(); self.nodes.len()];
        let entry = |node: &Node| Some(script.entry(&script.steps()[node.step?]));
        let nodes = self.nodes.iter().enumerate();
        let refreshes: Vec<_> = nodes
            .filter_map(|(node, of)| Some((node, entry(of)?)))
            .filter(|(_, entry)| entry.descriptor == "MATERIALIZED VIEW DATA")
            .collect();
        if refreshes.len() < 2 {
            return waits_for;
        }
        let calling = calling(script.entries());
        let mut since = Vec::new();
        for (node, entry) in refreshes {
            if calling.contains(&entry.dump_id) {
                waits_for[node].append(&mut since);
            }
            since.push(node);
        }
        waits_for
    }
}

/// Dump ids of what depends on functions, by way of others too.
fn calling(entries: &[Entry]) -> HashSet<i32> {
    let mut dependants: HashMap<i32, Vec<i32>> = HashMap::new();
    for entry in entries {
        for &dependency in &entry.dependencies {
            dependants
                .entry(dependency)
                .or_default()
                .push(entry.dump_id);
        }
    }
    let functions = entries.iter().filter(|entry| {
        let descriptor = entry.descriptor.as_slice();
        matches!(descriptor, b"FUNCTION" | b"AGGREGATE" | b"EXTENSION")
    });
    let mut open: Vec<i32> = functions.map(|entry| entry.dump_id).collect();
    let mut calling = HashSet::new();
    while let Some(dump_id) = open.pop() {
        if calling.insert(dump_id) {
            open.extend(dependants.get(&dump_id).into_iter().flatten());
        }
    }
    calling
}

#[cfg(test)]
mod tests {
    use pgdumprs_archive::{ArchiveVersion, Compression, CreationTime, Header};
    use pgdumprs_script::Options;

    use super::*;

    fn entry(
        dump_id: i32,
        descriptor: &str,
        tag: &str,
        section: Section,
        dependencies: &[i32],
    ) -> Entry {
        Entry {
            dump_id,
            descriptor: descriptor.into(),
            tag: Some(tag.into()),
            section,
            had_dumper: descriptor == "TABLE DATA",
            definition: Some("SELECT 1;".into()),
            copy: Some("COPY".into()),
            dependencies: dependencies.to_vec(),
            ..Entry::default()
        }
    }

    /// The dump ids that each node waits for, and those that it locks, by its own.
    fn links(entries: Vec<Entry>) -> HashMap<i32, (Vec<i32>, Vec<i32>)> {
        let header = Header {
            version: ArchiveVersion::V1_16,
            compression: Compression::None,
            created: CreationTime::default(),
            database: None,
            server_version: None,
            dumper_version: None,
        };
        let script = Script::new(&header, entries, &Options::default()).unwrap();
        let steps = script.steps().iter().enumerate();
        // Those before the data are done by then.
        let steps: Vec<usize> = steps
            .skip_while(|(_, step)| script.entry(step).section < Section::Data)
            .map(|(position, _)| position)
            .collect();
        let source = Source::new(|| unreachable!("nothing is read"), HashMap::new());
        let graph = Graph::new(&script, &steps, &source);
        let id = |node: usize| {
            let step = graph.nodes[node].step.expect("all are restored");
            script.entry(&script.steps()[step]).dump_id
        };
        let nodes = (0..graph.nodes.len()).map(|node| {
            let of = &graph.nodes[node];
            let waits_for = of.waits_for.iter().map(|&other| id(other)).collect();
            (id(node), (waits_for, of.locks.clone()))
        });
        nodes.collect()
    }

    #[test]
    fn what_goes_down_to_partitions_waits_for_their_rows() {
        use Section::{Data, PostData, PreData};
        let links = links(vec![
            entry(1, "TABLE", "p", PreData, &[]),
            entry(2, "TABLE", "p1", PreData, &[]),
            entry(3, "TABLE ATTACH", "p1", PreData, &[2, 1]),
            entry(4, "TABLE DATA", "p1", Data, &[2]),
            entry(5, "TRIGGER", "p t", PostData, &[1]),
            entry(6, "TRIGGER", "p1 t", PostData, &[2]),
            entry(7, "TRIGGER", "p1 other", PostData, &[2]),
            entry(8, "INDEX", "i", PostData, &[1]),
            entry(9, "INDEX", "i1", PostData, &[2]),
            entry(10, "CONSTRAINT", "p1 key", PostData, &[2]),
        ]);
        assert_eq!(links[&4], (vec![], vec![]));
        assert_eq!(links[&5], (vec![4], vec![1, 4]));
        assert_eq!(links[&6], (vec![4, 5], vec![4]));
        assert_eq!(links[&7], (vec![4], vec![4]));
        assert_eq!(links[&8], (vec![], vec![]));
        assert_eq!(links[&9], (vec![4], vec![]));
        assert_eq!(links[&10], (vec![4], vec![4]));
    }

    #[test]
    fn what_stands_behind_the_data_keeps_its_place_among_definitions() {
        use Section::{Data, PostData, PreData};
        let links = links(vec![
            entry(1, "TABLE", "t", PreData, &[]),
            entry(2, "VIEW", "v", PreData, &[]),
            entry(3, "TABLE DATA", "t", Data, &[1]),
            entry(4, "CONSTRAINT", "t key", PostData, &[1]),
            entry(5, "MATERIALIZED VIEW", "m", PostData, &[4]),
            entry(6, "VIEW", "of m", PreData, &[2]),
            entry(7, "VIEW", "other", PreData, &[]),
            entry(8, "INDEX", "i", PostData, &[1]),
            entry(9, "RULE", "of m", PostData, &[5, 6]),
        ]);
        let waits_for = |id: i32| links[&id].0.as_slice();
        assert_eq!(waits_for(3), [0; 0]);
        assert_eq!(waits_for(4), [3]);
        assert_eq!(waits_for(5), [4]);
        assert_eq!(waits_for(6), [4, 5]);
        assert_eq!(waits_for(7), [6]);
        assert_eq!(waits_for(8), [3, 7]);
        assert_eq!(waits_for(9), [5, 6, 7]);
    }

    #[test]
    fn views_whose_queries_call_functions_are_filled_behind_others() {
        use Section::{PostData, PreData};
        let filled = |id, name, dependencies: &[i32]| {
            entry(id, "MATERIALIZED VIEW DATA", name, PostData, dependencies)
        };
        let links = links(vec![
            entry(1, "FUNCTION", "f()", PreData, &[]),
            entry(2, "VIEW", "calls", PreData, &[1]),
            entry(3, "MATERIALIZED VIEW", "plain", PreData, &[]),
            entry(4, "MATERIALIZED VIEW", "through", PreData, &[2]),
            entry(5, "TABLE DATA", "t", Section::Data, &[]),
            filled(6, "plain", &[3]),
            filled(7, "other", &[3]),
            filled(8, "through", &[4]),
            filled(9, "last", &[3]),
            filled(10, "again", &[1]),
        ]);
        let waits_for = |id: i32| links[&id].0.as_slice();
        assert_eq!(waits_for(7), [0; 0]);
        assert_eq!(waits_for(8), [6, 7]);
        assert_eq!(waits_for(9), [0; 0]);
        assert_eq!(waits_for(10), [8, 9]);
    }
}
