//! Data, held against each other: which is read of each side, and what came of it.

use std::collections::{BTreeSet, HashMap};

use bstr::BStr;
use pgdumprs_archive::Entry;

use super::pairs::pairs;
use super::report::{Compared, DataComparison, DataKind};
use crate::Checksum;
use crate::clone::verify::checks::object_name;
use crate::clone::verify::sequences::was_set;
use crate::rows::copy_target::{column_names, copy_target, positions};
use crate::rows::{Found, Wanted};

/// What is compared, by positions in [`Data::tables`].
#[derive(Debug, Default)]
pub(super) struct Data {
    tables: Vec<TablePair>,
    sequences: Vec<DataComparison>,
    /// What is read of the left side, and of the right one.
    pub(super) wanted: (Wanted, Wanted),
    pub(super) failures: Vec<String>,
}

/// Rows on both sides, or on one, by the numbers of their entries.
#[derive(Debug)]
struct TablePair {
    kind: DataKind,
    name: String,
    columns: Option<Vec<String>>,
    left: Option<i32>,
    right: Option<i32>,
}

/// Entries of one descriptor.
fn of_kind<'a>(entries: &'a [Entry], descriptor: &str) -> Vec<&'a Entry> {
    let entries = entries.iter();
    entries
        .filter(|entry| entry.descriptor == descriptor)
        .collect()
}

impl Data {
    /// Finds what both sides have.
    pub(super) fn of(left: &[Entry], right: &[Entry]) -> Self {
        let mut data = Data::default();
        data.find_tables(left, right);
        data.find_sequences(left, right);
        for (entries, wanted) in [(left, &mut data.wanted.0), (right, &mut data.wanted.1)] {
            let blobs = of_kind(entries, "BLOBS").into_iter();
            wanted.extend(blobs.map(|entry| (entry.dump_id, None)));
        }
        data
    }

    fn find_tables(&mut self, left: &[Entry], right: &[Entry]) {
        let (left, right) = (of_kind(left, "TABLE DATA"), of_kind(right, "TABLE DATA"));
        let key = |entry: &&Entry| (entry.namespace.clone(), entry.tag.clone());
        for (here, there) in pairs(&left, &right, key, |_, _| true) {
            let (here, there) = (here.map(|at| left[at]), there.map(|at| right[at]));
            let Some(either) = here.or(there) else {
                continue;
            };
            let name = object_name(either).to_string();
            let are_statements = |entry: &Entry| entry.copy.is_none();
            let kind = match are_statements(either) {
                true => DataKind::Statements,
                false => DataKind::Table,
            };
            let mut columns = None;
            let mut fields = (None, None);
            if let (Some(here), Some(there)) = (here, there) {
                if are_statements(here) != are_statements(there) {
                    self.failures.push(format!(
                        "the rows of {name} are INSERT statements on one side alone, and cannot be compared"
                    ));
                    continue;
                }
                (columns, fields) = common(here, there);
            }
            if let Some(here) = here {
                self.wanted.0.insert(here.dump_id, fields.0);
            }
            if let Some(there) = there {
                self.wanted.1.insert(there.dump_id, fields.1);
            }
            self.tables.push(TablePair {
                kind,
                name,
                columns,
                left: here.map(|entry| entry.dump_id),
                right: there.map(|entry| entry.dump_id),
            });
        }
    }

    fn find_sequences(&mut self, left: &[Entry], right: &[Entry]) {
        let (left, right) = (
            of_kind(left, "SEQUENCE SET"),
            of_kind(right, "SEQUENCE SET"),
        );
        let key = |entry: &&Entry| (entry.namespace.clone(), entry.tag.clone());
        let value = |entry: &Entry| entry.definition.as_ref().and_then(was_set);
        for (here, there) in pairs(&left, &right, key, |_, _| true) {
            let (here, there) = (here.map(|at| left[at]), there.map(|at| right[at]));
            let Some(either) = here.or(there) else {
                continue;
            };
            self.sequences.push(DataComparison {
                kind: DataKind::Sequence,
                name: object_name(either).to_string(),
                columns: None,
                left: here.and_then(value),
                right: there.and_then(value),
            });
        }
    }

    /// Compares what was found.
    pub(super) fn compare(
        self,
        left: &Found,
        right: &Found,
        compared: &mut Compared,
    ) -> Vec<DataComparison> {
        compared.tables = self.tables.len();
        compared.sequences = self.sequences.len();
        let sum = |of: &HashMap<i32, Checksum>, id: Option<i32>| of.get(&id?).copied();
        let tables = self.tables.into_iter().map(|table| DataComparison {
            kind: table.kind,
            name: table.name,
            columns: table.columns,
            left: sum(&left.rows, table.left),
            right: sum(&right.rows, table.right),
        });
        let mut all: Vec<DataComparison> = tables.collect();
        all.extend(self.sequences);
        let oids: BTreeSet<&u32> = left.objects.keys().chain(right.objects.keys()).collect();
        compared.large_objects = oids.len();
        let object = |of: &Found, oid: &u32| {
            of.objects.get(oid).map(|&hash| Checksum {
                count: 1,
                sum: hash.into(),
            })
        };
        let objects = oids.into_iter().map(|oid| DataComparison {
            kind: DataKind::LargeObject,
            name: oid.to_string(),
            columns: None,
            left: object(left, oid),
            right: object(right, oid),
        });
        all.extend(objects.filter(|object| !object.is_equal()));
        all
    }
}

/// Positions of the fields that are compared, on the left and on the right; `None` where all of them are, as they stand.
type Fields = (Option<Vec<usize>>, Option<Vec<usize>>);

/// The columns that both sides have where one has others, and where they stand.
fn common(left: &Entry, right: &Entry) -> (Option<Vec<String>>, Fields) {
    let columns = |entry: &Entry| entry.copy.as_ref().and_then(copy_target);
    let (Some((_, here)), Some((_, there))) = (columns(left), columns(right)) else {
        return (None, (None, None));
    };
    if here == there {
        return (None, (None, None));
    }
    let (here, there) = (column_names(&here), column_names(&there));
    let both: Vec<&BStr> = here
        .iter()
        .filter(|name| there.contains(name))
        .copied()
        .collect();
    let has_others = both.len() < here.len() || both.len() < there.len();
    let named = || both.iter().map(ToString::to_string).collect();
    let fields = (
        Some(positions(&both, &here)),
        Some(positions(&both, &there)),
    );
    (has_others.then(named), fields)
}
