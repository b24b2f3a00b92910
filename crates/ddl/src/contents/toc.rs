//! The table of contents under construction.

use bstr::BString;
use pgdumprs_archive::{CatalogId, Entry, Section};

use crate::InsertForm;
use crate::order::descendants::Descendants;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Kind, Object};

/// Where the data of an entry comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DataJob {
    /// Rows of a table.
    Table {
        /// Entry that the rows belong to.
        dump_id: i32,
        /// OID of the table.
        oid: u32,
        /// Qualified, quoted name of the table.
        name: BString,
        /// The statement that reads all its rows: `COPY … TO STDOUT`.
        copy: BString,
        /// Which rows those are.
        rows: Box<TableRows>,
        /// Bytes that the table takes on disk.
        bytes: u64,
        /// Where a range of its pages can be read by itself: its pages, and the columns of `copy`, separated by commas.
        by_pages: Option<(u32, BString)>,
        /// What rows meet that are read, where those are not all: an SQL expression, which `copy` has already.
        condition: Option<BString>,
        /// How its rows become INSERT statements, where they do.
        inserts: Option<InsertForm>,
        /// Whether COPY's binary format says all that its text says of its values, to a server of the same major that has made the table by its
        /// definition.
        is_binary_exact: bool,
    },
    /// Contents of large objects that share one entry.
    LargeObjects {
        /// Entry that the contents belong to.
        dump_id: i32,
        /// OIDs of the large objects, in the order they are written.
        oids: Vec<u32>,
    },
}

/// Which rows of a table are copied, and which they are where they were loaded: for whoever compares the two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableRows {
    /// Their columns, separated by commas; empty where the table has none.
    pub columns: BString,
    /// What a query reads them from: what stands behind its FROM.
    pub from: BString,
    /// The table that they are loaded into: the same, or the partitioned one that it is a part of.
    pub loaded_into: BString,
    /// What a query reads them from there, with those of other parts that are loaded into the same table.
    pub loaded_from: BString,
}

/// Entries in the order they go into the archive, and the data that belongs to them.
#[derive(Debug)]
pub(crate) struct Toc {
    pub(crate) entries: Vec<Entry>,
    pub(crate) data: Vec<DataJob>,
    next_id: u32,
}

impl Toc {
    /// An empty table whose own ids start after those of `objects` objects.
    pub(crate) fn new(objects: usize) -> Self {
        let next_id = u32::try_from(objects + 1).expect("objects fit memory");
        Self {
            entries: Vec::new(),
            data: Vec::new(),
            next_id,
        }
    }

    /// An id for an entry that is not an object: a comment, privileges, a setting.
    pub(crate) fn new_id(&mut self) -> DumpId {
        let id = DumpId(self.next_id);
        self.next_id += 1;
        id
    }

    /// Adds an entry. Its dump id must come from an object or from [`Toc::new_id`]. Dependencies that are given are kept
    /// as they are; an entry without any gets those of its object (see [`Toc::link`]).
    pub(crate) fn push(&mut self, entry: Entry) {
        self.entries.push(entry);
    }

    /// Starts the entry of an object, with its ids and section; the rest is filled in by struct update.
    pub(crate) fn entry_of(object: &Object, descriptor: &str, section: Section) -> Entry {
        Entry {
            dump_id: object.id.as_i32(),
            catalog_id: CatalogId {
                tableoid: object.catalog_id.tableoid,
                oid: object.catalog_id.oid,
            },
            descriptor: descriptor.into(),
            section,
            ..Entry::default()
        }
    }

    /// Starts an entry that is not an object's own but hangs on others: it follows them wherever they go.
    pub(crate) fn entry_on(&mut self, descriptor: &str, parents: &[DumpId]) -> Entry {
        Entry {
            dump_id: self.new_id().as_i32(),
            descriptor: descriptor.into(),
            section: Section::None,
            dependencies: parents.iter().map(|id| id.as_i32()).collect(),
            ..Entry::default()
        }
    }

    /// Gives every entry that names no dependencies those of its object.
    ///
    /// The catalogs' dependency chains lead through objects that have no entry: a view depends on its rule, and the rule
    /// on the tables. Such links are followed until they reach objects that have one. Section boundaries are no such
    /// links: everything hangs on them. Entries whose statement also reaches a table's descendants depend on those too; no
    /// catalog says so.
    pub(crate) fn link(&mut self, dump: &Dump) {
        let mut has_entry = vec![false; self.next_id as usize];
        for entry in &self.entries {
            has_entry[entry.dump_id as usize] = true;
        }
        let descendants = Descendants::new(dump);
        for entry in &mut self.entries {
            if !entry.dependencies.is_empty() {
                continue;
            }
            let id = DumpId(u32::try_from(entry.dump_id).expect("dump ids are positive"));
            let Some(object) = dump.objects.try_get(id) else {
                continue;
            };
            follow(dump, object, &has_entry, &mut entry.dependencies);
            descendants.add_to(dump, object, &has_entry, &mut entry.dependencies);
        }
    }
}

/// Collects the nearest objects with an entry that `object` depends on, in the order of a depth-first walk.
fn follow(dump: &Dump, object: &Object, has_entry: &[bool], found: &mut Vec<i32>) {
    // An explicit stack: chains of entry-less objects are as long as the database makes them.
    let mut stack = vec![object.dependencies.iter()];
    if matches!(object.kind, Kind::PreDataBoundary | Kind::PostDataBoundary) {
        return;
    }
    while let Some(iter) = stack.last_mut() {
        let Some(&id) = iter.next() else {
            stack.pop();
            continue;
        };
        if has_entry[id.index()] {
            found.push(id.as_i32());
            continue;
        }
        match dump.objects.try_get(id) {
            Some(next) if !matches!(next.kind, Kind::PreDataBoundary | Kind::PostDataBoundary) => {
                stack.push(next.dependencies.iter());
            }
            _ => {}
        }
    }
}
