//! What waits for what, and what must not happen at the same time.
//!
//! Dependencies come from the archive. What comes after the data and depends on a table waits for the table's rows; and unless it makes an
//! index alone, it locks the table against all others, with its partitions. `pg_dump`'s archives do not say the latter.

use std::collections::{HashMap, HashSet};

use bstr::ByteSlice;
use pgdumprs_archive::{Entry, Section};
use pgdumprs_script::{Pass, Script};

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
            graph.nodes.push(Node {
                step,
                locks,
                touches,
                cost,
                ..Node::default()
            });
        }
        for at in 0..graph.nodes.len() {
            let touches = graph.nodes[at].touches.iter();
            let mut waits_for: Vec<usize> = touches
                .filter_map(|id| node_of.get(id).copied())
                .filter(|&other| other != at)
                .collect();
            waits_for.sort_unstable();
            waits_for.dedup();
            for &other in &waits_for {
                graph.nodes[other].waited_for_by.push(at);
            }
            graph.nodes[at].waits_for = waits_for;
        }
        graph
    }
}

/// What the archive says of tables.
struct Tables {
    /// The entries of tables and of their rows.
    ids: HashSet<i32>,
    /// The entries of tables' rows, by those of the tables.
    rows: HashMap<i32, i32>,
    /// A table's partitions.
    partitions: HashMap<i32, Vec<i32>>,
}

impl Tables {
    fn new(entries: &[Entry]) -> Self {
        let mut tables = Tables {
            ids: HashSet::new(),
            rows: HashMap::new(),
            partitions: HashMap::new(),
        };
        let mut names = HashMap::new();
        for entry in entries {
            match entry.descriptor.as_slice() {
                b"TABLE" => {
                    tables.ids.insert(entry.dump_id);
                    names.insert((&entry.namespace, &entry.tag), entry.dump_id);
                }
                b"TABLE DATA" => {
                    tables.ids.insert(entry.dump_id);
                    if let Some(table) = entry.dependencies.first() {
                        tables.rows.insert(*table, entry.dump_id);
                    }
                }
                _ => {}
            }
        }
        for entry in entries
            .iter()
            .filter(|entry| entry.descriptor == "TABLE ATTACH")
        {
            // It has the name of the partition, and depends on both.
            let Some(&partition) = names.get(&(&entry.namespace, &entry.tag)) else {
                continue;
            };
            let others = entry
                .dependencies
                .iter()
                .filter(|id| **id != partition && tables.is_table(**id));
            for parent in others.copied().collect::<Vec<_>>() {
                tables.partitions.entry(parent).or_default().push(partition);
            }
        }
        tables
    }

    fn is_table(&self, dump_id: i32) -> bool {
        self.ids.contains(&dump_id)
    }

    /// What an entry depends on. Behind the data, that is a table's rows rather than the table, and for what goes down to partitions, theirs
    /// too.
    fn touched_by(&self, entry: &Entry) -> Vec<i32> {
        let mut touched = entry.dependencies.clone();
        if entry.section != Section::PostData {
            return touched;
        }
        if !entry.descriptor.starts_with_str("INDEX") {
            let mut at = 0;
            while let Some(id) = touched.get(at) {
                let partitions = self.partitions.get(id).map_or(&[][..], Vec::as_slice);
                let new: Vec<i32> = partitions
                    .iter()
                    .copied()
                    .filter(|id| !touched.contains(id))
                    .collect();
                touched.extend(new);
                at += 1;
            }
        }
        for id in &mut touched {
            *id = self.rows.get(id).copied().unwrap_or(*id);
        }
        touched
    }
}
