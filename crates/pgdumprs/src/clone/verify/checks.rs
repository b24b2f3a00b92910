//! What is compared with what, and the jobs that read the sums of either side.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use bstr::BString;
use pgdumprs_archive::Entry;
use pgdumprs_connect::{Error, Session};
use pgdumprs_copy::{ByPages, Job, Table, Work};
use pgdumprs_ddl::TableRows;
use pgdumprs_sql::literal;

use super::hash::Hash;
use super::rows::{large_objects, row_text, statement};
use super::{ComparedKind, Comparison};
use crate::RestoreReport;

/// What is locked where large objects are read, which have no table: everybody may read it.
const LARGE_OBJECTS: &str = "pg_catalog.pg_largeobject_metadata";

/// Large objects that one statement reads.
const BATCH: usize = 512;

/// What is taken for the size of a large object.
const LARGE_OBJECT: u64 = 16 << 10;

/// Everything that is compared. The jobs of each side are numbered from 0 on.
#[derive(Debug, Default)]
pub(super) struct Checks {
    pub(super) comparisons: Vec<Comparison>,
    /// Of each of those.
    pub(super) parts: Vec<Parts>,
    pub(super) source: Vec<Job>,
    pub(super) target: Vec<Job>,
    /// What is compared without jobs.
    pub(super) sequences: Vec<Comparison>,
}

/// The jobs that one comparison is made of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Parts {
    /// Several, where partitions were loaded through their root.
    pub(super) source: Range<i32>,
    pub(super) target: i32,
}

/// Rows that were copied, and have all come in.
struct Loaded<'a> {
    entry: &'a Entry,
    table: &'a Table,
    rows: &'a TableRows,
}

impl Checks {
    /// What of `jobs`, and so of `entries`, is to be compared: of tables, those that have all their rows. `rows` are those of each table.
    pub(super) fn new(
        jobs: &[Job],
        rows: &HashMap<i32, TableRows>,
        entries: &[Entry],
        restored: &RestoreReport,
        hash: &Hash,
    ) -> Self {
        let whole = restored.tables.iter().filter(|table| table.is_complete());
        let whole: HashSet<i32> = whole.map(|table| table.dump_id).collect();
        let adapted = restored.adaptations.iter();
        let adapted: HashSet<i32> = adapted.map(|entry| entry.dump_id).collect();
        let entries: HashMap<i32, &Entry> =
            entries.iter().map(|entry| (entry.dump_id, entry)).collect();
        let mut loaded: Vec<(&BString, Vec<Loaded<'_>>)> = Vec::new();
        let mut at = HashMap::new();
        let mut objects = Vec::new();
        for job in jobs {
            let Some(entry) = entries.get(&job.dump_id) else {
                continue;
            };
            match &job.work {
                Work::Table(table) if whole.contains(&job.dump_id) => {
                    let rows = &rows[&job.dump_id];
                    let position = *at.entry(&rows.loaded_into).or_insert_with(|| {
                        loaded.push((&rows.loaded_into, Vec::new()));
                        loaded.len() - 1
                    });
                    loaded[position].1.push(Loaded { entry, table, rows });
                }
                Work::LargeObjects { oids } if !adapted.contains(&job.dump_id) => {
                    objects.extend(oids.chunks(BATCH));
                }
                Work::Table(_) | Work::LargeObjects { .. } => {}
            }
        }
        let mut checks = Checks::default();
        for (target, tables) in &loaded {
            checks.add_tables(target, tables, hash);
        }
        for oids in objects {
            checks.add_large_objects(oids, hash);
        }
        checks
    }

    /// Adds the rows of one table of the target, which come from one of the source's or from several.
    fn add_tables(&mut self, target: &BString, tables: &[Loaded<'_>], hash: &Hash) {
        let [one, ..] = tables else {
            return;
        };
        let is_same = *target == one.table.name;
        // Partitions may have their columns in another order than their root.
        let sums = hash.sum(&row_text(&one.rows.columns));
        let first = next(&self.source);
        for Loaded { table, rows, .. } in tables {
            self.source.push(Job {
                dump_id: next(&self.source),
                work: Work::Table(Table {
                    name: table.name.clone(),
                    copy: statement(&sums, &rows.from),
                    bytes: table.bytes,
                    condition: table.condition.clone(),
                    by_pages: table.by_pages.as_ref().map(|by_pages| ByPages {
                        pages: by_pages.pages,
                        columns: sums.clone(),
                    }),
                    inserts: None,
                    is_binary_exact: false,
                }),
            });
        }
        let name = match is_same {
            true => object_name(one.entry),
            false => target.clone(),
        };
        let can_be_divided = is_same && one.table.by_pages.is_some();
        let there = Table {
            name: target.clone(),
            copy: statement(&sums, &one.rows.loaded_from),
            bytes: tables.iter().map(|loaded| loaded.table.bytes).sum(),
            condition: None,
            // How many pages it has is asked for later on.
            by_pages: can_be_divided.then_some(ByPages {
                pages: 0,
                columns: sums,
            }),
            inserts: None,
            is_binary_exact: false,
        };
        self.add(ComparedKind::Table, name, first, there);
    }

    fn add_large_objects(&mut self, oids: &[u32], hash: &Hash) {
        let [first, .., last] = match oids {
            [] => return,
            [one] => [*one, *one],
            [first, .., last] => [*first, *last],
        };
        let table = Table {
            name: LARGE_OBJECTS.into(),
            copy: large_objects(oids, hash),
            bytes: oids.len() as u64 * LARGE_OBJECT,
            condition: None,
            by_pages: None,
            inserts: None,
            is_binary_exact: false,
        };
        let name = match first == last {
            true => first.to_string(),
            false => format!("{first}-{last}"),
        };
        let begin = next(&self.source);
        let work = Work::Table(table.clone());
        self.source.push(Job {
            dump_id: begin,
            work,
        });
        self.add(ComparedKind::LargeObjects, name.into(), begin, table);
    }

    /// Adds a comparison of the source's jobs from `first` on with what `target` holds.
    fn add(&mut self, kind: ComparedKind, name: BString, first: i32, target: Table) {
        let dump_id = next(&self.target);
        self.parts.push(Parts {
            source: first..next(&self.source),
            target: dump_id,
        });
        let work = Work::Table(target);
        self.target.push(Job { dump_id, work });
        self.comparisons.push(Comparison {
            kind,
            name,
            source: None,
            target: None,
        });
    }

    /// Finds out how many pages the target's tables have that can be read in parts, and lets the others be read as a whole.
    pub(super) async fn divide(&mut self, target: &mut Session) -> Result<(), Error> {
        let encoding = target.client_encoding();
        let reads_by_pages = target.server_version().major() >= 14;
        let mut tables: Vec<&mut Table> = Vec::new();
        for job in &mut self.target {
            match &mut job.work {
                Work::Table(table) if table.by_pages.is_some() => tables.push(table),
                Work::Table(_) | Work::LargeObjects { .. } => {}
            }
        }
        if tables.is_empty() {
            return Ok(());
        }
        let names: Vec<_> = tables
            .iter()
            .map(|table| literal(&table.name, encoding))
            .collect();
        let sql = [
            b"SELECT pg_catalog.pg_relation_size(c.oid) / pg_catalog.current_setting('block_size')::pg_catalog.int8,
                     pg_catalog.pg_table_size(c.oid)
              FROM pg_catalog.unnest(ARRAY["
                .as_slice(),
            &bstr::join(", ", names),
            b"]::pg_catalog.text[]) WITH ORDINALITY AS wanted(name, at)
              LEFT JOIN pg_catalog.pg_class c ON c.oid = pg_catalog.to_regclass(wanted.name)
                  AND c.relkind = 'r' AND c.relam = (SELECT oid FROM pg_catalog.pg_am WHERE amname = 'heap')
              ORDER BY wanted.at",
        ]
        .concat();
        let rows = target.query(&sql).await?;
        for (row, table) in rows.iter().zip(tables) {
            let (pages, bytes): (Option<u32>, Option<u64>) = (row.get(0)?, row.get(1)?);
            table.bytes = bytes.unwrap_or(table.bytes);
            table.by_pages = table.by_pages.take().filter(|_| reads_by_pages);
            match pages {
                Some(pages) => {
                    if let Some(by_pages) = &mut table.by_pages {
                        by_pages.pages = pages;
                    }
                }
                None => table.by_pages = None,
            }
        }
        Ok(())
    }
}

fn next(jobs: &[Job]) -> i32 {
    i32::try_from(jobs.len()).unwrap_or(i32::MAX)
}

/// Schema and name, joined by a point.
pub(crate) fn object_name(entry: &Entry) -> BString {
    let parts = [&entry.namespace, &entry.tag].into_iter().flatten();
    bstr::join(".", parts).into()
}
