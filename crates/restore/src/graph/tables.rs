//! What the archive says of tables: their rows, their partitions, their triggers.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, ByteSlice};
use pgdumprs_archive::{Entry, Section};

/// Tables by the dump ids of their entries.
#[derive(Default)]
pub(super) struct Tables<'a> {
    /// The entries of tables and of their rows.
    ids: HashSet<i32>,
    /// The entries of tables' rows.
    rows: HashMap<i32, i32>,
    partitions: HashMap<i32, Vec<i32>>,
    /// What a table is a partition of.
    parents: HashMap<i32, i32>,
    names: HashMap<i32, &'a BStr>,
    /// Triggers, by their tables and their own names.
    triggers: HashMap<(i32, &'a BStr), i32>,
}

impl<'a> Tables<'a> {
    pub(super) fn new(entries: &'a [Entry]) -> Self {
        let mut tables = Tables::default();
        let mut named = HashMap::new();
        for entry in entries {
            let first = entry.dependencies.first();
            match entry.descriptor.as_slice() {
                b"TABLE" => {
                    tables.ids.insert(entry.dump_id);
                    tables.names.insert(entry.dump_id, tag(entry));
                    named.insert((&entry.namespace, &entry.tag), entry.dump_id);
                }
                b"TABLE DATA" => {
                    tables.ids.insert(entry.dump_id);
                    tables
                        .rows
                        .extend(first.map(|table| (*table, entry.dump_id)));
                }
                _ => {}
            }
        }
        for entry in entries {
            match entry.descriptor.as_slice() {
                b"TABLE ATTACH" => {
                    // It has the name of the partition, and depends on both.
                    let Some(&partition) = named.get(&(&entry.namespace, &entry.tag)) else {
                        continue;
                    };
                    let is_parent = |id: &&i32| **id != partition && tables.is_table(**id);
                    if let Some(&parent) = entry.dependencies.iter().find(is_parent) {
                        tables.partitions.entry(parent).or_default().push(partition);
                        tables.parents.insert(partition, parent);
                    }
                }
                b"TRIGGER" => {
                    if let Some((table, name)) = tables.trigger(entry) {
                        tables.triggers.insert((table, name), entry.dump_id);
                    }
                }
                _ => {}
            }
        }
        tables
    }

    /// Whether an entry is that of a table or of its rows.
    pub(super) fn is_table(&self, dump_id: i32) -> bool {
        self.ids.contains(&dump_id)
    }

    /// The table and the name of a trigger: the table's name stands in front.
    fn trigger(&self, entry: &'a Entry) -> Option<(i32, &'a BStr)> {
        let name_on = |table: &i32| {
            let rest = tag(entry).strip_prefix(self.names.get(table)?.as_bytes())?;
            Some((*table, rest.strip_prefix(b" ")?.as_bstr()))
        };
        entry.dependencies.iter().find_map(name_on)
    }

    /// What an entry depends on. Behind the data, that is a table's rows rather than the table, and for what goes down to partitions, theirs
    /// too. A trigger that a partition has from its table is made with that one's, and only altered afterwards.
    pub(super) fn touched_by(&self, entry: &'a Entry) -> Vec<i32> {
        let mut touched = entry.dependencies.clone();
        if entry.section != Section::PostData {
            return touched;
        }
        if !entry.descriptor.starts_with_str("INDEX") {
            let mut seen: HashSet<i32> = touched.iter().copied().collect();
            let mut at = 0;
            while let Some(id) = touched.get(at) {
                let partitions = self.partitions.get(id).into_iter().flatten();
                let new: Vec<i32> = partitions.copied().filter(|id| seen.insert(*id)).collect();
                touched.extend(new);
                at += 1;
            }
        }
        for id in &mut touched {
            *id = self.rows.get(id).copied().unwrap_or(*id);
        }
        if let Some((table, name)) = self
            .trigger(entry)
            .filter(|_| entry.descriptor == "TRIGGER")
        {
            // Not more steps than there are tables, however they are said to hang together.
            let mut above = self.parents.get(&table);
            for _ in 0..self.parents.len() {
                let Some(parent) = above else { break };
                touched.extend(self.triggers.get(&(*parent, name)));
                above = self.parents.get(parent);
            }
        }
        touched
    }
}

fn tag(entry: &Entry) -> &BStr {
    entry
        .tag
        .as_ref()
        .map_or(BStr::new(""), |tag| tag.as_bstr())
}
