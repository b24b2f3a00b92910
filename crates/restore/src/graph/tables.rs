//! What the archive says of tables: their rows, their partitions, their triggers.

use std::collections::{HashMap, HashSet};

use bstr::{BStr, BString, ByteSlice};
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
    /// Tables that come first in the archive, and whose constraints' names decide on those of a table, or the other way round.
    made_first: HashMap<i32, Vec<i32>>,
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
        tables.made_first = made_first(entries);
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
            let first = self.made_first.get(&entry.dump_id);
            touched.extend(first.into_iter().flatten());
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
    text(entry.tag.as_ref())
}

fn schema(entry: &Entry) -> &BStr {
    text(entry.namespace.as_ref())
}

fn text(text: Option<&BString>) -> &BStr {
    text.map_or(BStr::new(""), |text| text.as_bstr())
}

/// The tables that a table must not be made before, since either has a NOT NULL constraint with the name that the server gives to one of the
/// other where the archive says none: a partition, or what was one, has those of its parent. Whoever comes second gets another name. Names that
/// are cut off since they are too long do not tell whose they are.
fn made_first(entries: &[Entry]) -> HashMap<i32, Vec<i32>> {
    let tables = || entries.iter().filter(|entry| entry.descriptor == "TABLE");
    let mut named = HashMap::new();
    for (at, entry) in tables().enumerate() {
        named.insert((schema(entry), tag(entry)), (at, entry.dump_id));
    }
    let mut made_first: HashMap<i32, Vec<i32>> = HashMap::new();
    for (at, entry) in tables().enumerate() {
        let definition = entry.definition.as_ref();
        for name in definition.into_iter().flat_map(|text| not_null_names(text)) {
            for end in name.find_iter("_") {
                let other = named.get(&(schema(entry), name[..end].as_bstr()));
                match other {
                    Some(&(other, id)) if other < at => {
                        made_first.entry(entry.dump_id).or_default().push(id);
                    }
                    Some(&(other, id)) if other > at => {
                        made_first.entry(id).or_default().push(entry.dump_id);
                    }
                    _ => {}
                }
            }
        }
    }
    made_first
}

/// The names of a table's NOT NULL constraints, where its definition says them.
fn not_null_names(definition: &[u8]) -> Vec<Vec<u8>> {
    const BEFORE: &str = " CONSTRAINT ";
    const BEHIND: &str = " NOT NULL";
    /// Bytes of a name with quotes around it, all its own doubled, and of what is behind it.
    const LONGEST: usize = 2 + 2 * 63 + BEHIND.len();
    let named = definition.find_iter(BEFORE).filter_map(|at| {
        let text = &definition[at + BEFORE.len()..];
        let text = &text[..text.len().min(LONGEST)];
        let end = text.find(BEHIND)?;
        let name = &text[..end];
        match name.strip_prefix(b"\"") {
            Some(quoted) => Some(quoted.strip_suffix(b"\"")?.replace("\"\"", "\"")),
            None => (!name.contains(&b' ')).then(|| name.to_vec()),
        }
    });
    named.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(dump_id: i32, name: &str, definition: &str) -> Entry {
        Entry {
            dump_id,
            descriptor: "TABLE".into(),
            namespace: Some("s".into()),
            tag: Some(name.into()),
            section: Section::PreData,
            definition: Some(definition.into()),
            ..Entry::default()
        }
    }

    #[test]
    fn tables_that_share_names_of_constraints_are_made_in_order() {
        let entries = [
            table(1, "A b", "CREATE TABLE s.\"A b\" (\n    id int NOT NULL\n)"),
            table(
                2,
                "a_part",
                "CREATE TABLE s.a_part (\n    id int CONSTRAINT z_id_not_null NOT NULL\n)",
            ),
            table(
                3,
                "of_it",
                "CREATE TABLE s.of_it (\n    CONSTRAINT \"A b_id_not_null\" NOT NULL id,\n    CONSTRAINT z_c CHECK (id IS NOT NULL)\n)",
            ),
            table(4, "z", "CREATE TABLE s.z (\n    id int NOT NULL\n)"),
        ];
        let tables = Tables::new(&entries);
        let touched = entries.each_ref().map(|entry| tables.touched_by(entry));
        assert_eq!(touched, [vec![], vec![], vec![1], vec![2]]);
    }
}
