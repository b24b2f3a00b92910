//! What our entries depend on beyond stock's, on purpose: the descendants of a table whose triggers, foreign keys or constraints
//! go down to them. Worked out from stock's archive alone.

use std::collections::{HashMap, HashSet};

use bstr::ByteSlice;
use pgdumprs_archive::Entry;

use super::sql::table_name;

/// The tables of stock's archive and what hangs on each directly. All are positions of entries.
pub(super) struct Descendants<'a> {
    entries: &'a [Entry],
    /// Tables and foreign tables, by dump id.
    tables: HashMap<i32, usize>,
    partitions: HashMap<usize, Vec<usize>>,
    /// By inheritance without partitioning.
    children: HashMap<usize, Vec<usize>>,
}

impl<'a> Descendants<'a> {
    pub(super) fn of(stock: &'a [Entry]) -> Descendants<'a> {
        let is_table =
            |entry: &Entry| entry.descriptor == "TABLE" || entry.descriptor == "FOREIGN TABLE";
        let positions = stock.iter().enumerate();
        let tables = positions.clone().filter(|(_, entry)| is_table(entry));
        let mut descendants = Descendants {
            entries: stock,
            tables: tables.map(|(i, entry)| (entry.dump_id, i)).collect(),
            partitions: HashMap::new(),
            children: HashMap::new(),
        };
        for (position, entry) in positions {
            let on = descendants.tables_of(entry);
            if entry.descriptor == "TABLE ATTACH" {
                let partition = on.iter().find(|&&table| {
                    stock[table].tag == entry.tag && stock[table].namespace == entry.namespace
                });
                let parent = on.iter().find(|&&table| attaches_to(entry, &stock[table]));
                if let (Some(&partition), Some(&parent)) = (partition, parent) {
                    let partitions = descendants.partitions.entry(parent);
                    partitions.or_default().push(partition);
                }
            } else if is_table(entry) {
                for parent in on.into_iter().filter(|&i| inherits(entry, &stock[i])) {
                    let children = descendants.children.entry(parent);
                    children.or_default().push(position);
                }
            }
        }
        descendants
    }

    /// What an entry of stock's lacks: the positions of the tables that its statement reaches and that it does not depend on.
    pub(super) fn lacking(&self, entry: &Entry) -> HashSet<usize> {
        let named = self.tables_of(entry);
        let parts_of = named.iter().filter(|&&i| is_part(entry, &self.entries[i]));
        // Behind a table's name stands that of its part, and both may hold blanks.
        let own = parts_of
            .copied()
            .max_by_key(|&i| self.entries[i].tag.as_ref().map(|tag| tag.len()));
        let (mut pending, goes_to_children): (Vec<_>, _) = match entry.descriptor.as_slice() {
            b"TRIGGER" => (own.into_iter().collect(), false),
            b"FK CONSTRAINT" => {
                let other = named
                    .iter()
                    .copied()
                    .find(|&i| refers(entry, &self.entries[i]));
                (own.into_iter().chain(other).collect(), false)
            }
            b"CHECK CONSTRAINT" | b"CONSTRAINT" if !says_only(entry) => {
                (own.into_iter().collect(), true)
            }
            _ => (Vec::new(), false),
        };
        let mut reached = HashSet::new();
        while let Some(table) = pending.pop() {
            let partitions = self.partitions.get(&table).into_iter();
            let children = self.children.get(&table).filter(|_| goes_to_children);
            let below = partitions.chain(children).flatten().copied();
            pending.extend(below.filter(|&table| reached.insert(table)));
        }
        for table in &named {
            reached.remove(table);
        }
        reached
    }

    fn tables_of(&self, entry: &Entry) -> Vec<usize> {
        let ids = entry.dependencies.iter();
        ids.filter_map(|id| self.tables.get(id).copied()).collect()
    }
}

/// Whether an entry goes by the name of a table and one of its own.
fn is_part(entry: &Entry, table: &Entry) -> bool {
    let (Some(both), Some(name)) = (&entry.tag, &table.tag) else {
        return false;
    };
    let rest = both.strip_prefix(name.as_slice());
    entry.namespace == table.namespace && rest.is_some_and(|rest| rest.starts_with(b" "))
}

fn definition(entry: &Entry) -> &[u8] {
    entry
        .definition
        .as_ref()
        .map_or(&[], |text| text.as_slice())
}

fn says_only(entry: &Entry) -> bool {
    let text = definition(entry);
    text.starts_with(b"ALTER TABLE ONLY ") || text.starts_with(b"ALTER FOREIGN TABLE ONLY ")
}

/// A table's name as statements write it.
fn qualified(table: &Entry) -> &[u8] {
    table_name(definition(table))
}

fn attaches_to(attachment: &Entry, parent: &Entry) -> bool {
    let start = [
        b"ALTER TABLE ONLY ",
        qualified(parent),
        b" ATTACH PARTITION ",
    ]
    .concat();
    definition(attachment).starts_with(&start)
}

fn inherits(child: &Entry, parent: &Entry) -> bool {
    let parents = definition(child).rsplit_once_str("\nINHERITS (");
    parents.is_some_and(|(_, parents)| {
        let listed = [b", ", parents].concat();
        let name = [b", ", qualified(parent)].concat();
        [b",", b")"]
            .iter()
            .any(|end| listed.contains_str([&name[..], &end[..]].concat()))
    })
}

fn refers(foreign_key: &Entry, table: &Entry) -> bool {
    let text = [b" REFERENCES ", qualified(table), b"("].concat();
    definition(foreign_key).contains_str(text)
}
