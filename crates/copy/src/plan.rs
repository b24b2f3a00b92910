//! The plan: jobs cut into parts of about equal size, and parts gathered into units that one connection reads at a stretch.
//!
//! It depends on the data alone, not on how many connections there are: the parts decide the archive's bytes.

use std::ops::Range;

use bstr::{BString, ByteSlice};

use crate::{ByPages, Format, Job, Table, Work};

/// Bytes on disk of a part of a table. Smaller parts share the work more evenly, larger ones compress a little better: each part starts
/// its compression afresh.
pub const PART_BYTES: u64 = 16 << 20;

/// Tables, or batches of large objects, in a unit at most, and their bytes on disk. The statements of a unit are sent together, so that
/// small tables do not cost a round trip each.
const UNIT_PARTS: usize = 32;
const UNIT_BYTES: u64 = 4 << 20;

/// Large objects that one statement reads.
const LARGE_OBJECTS: usize = 512;

/// What is taken for the size of a large object: the sizes are not known beforehand.
const LARGE_OBJECT: u64 = 16 << 10;

/// Jobs, and how they are divided.
#[derive(Debug)]
pub struct Plan {
    pub(crate) jobs: Vec<Job>,
    pub(crate) parts: Vec<Part>,
    /// Ranges of `parts`.
    units: Vec<Range<usize>>,
}

/// A part of a job that one statement reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Position of the job.
    pub(crate) job: usize,
    pub(crate) extent: Extent,
    /// Bytes that it takes on disk, about.
    pub(crate) bytes: u64,
    pub(crate) is_first: bool,
    pub(crate) is_last: bool,
}

/// How much of a job a part is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Extent {
    /// A whole table.
    Table,
    /// The rows of a table on pages from the first number on, up to the second and without it.
    Pages(u32, Option<u32>),
    /// Large objects, by their positions in the job.
    LargeObjects(Range<usize>),
}

impl Plan {
    /// Divides `jobs`, which stay in their order; a part of a table is about `part_bytes` on disk, usually [`PART_BYTES`].
    pub fn new(jobs: Vec<Job>, part_bytes: u64) -> Self {
        let mut plan = Plan {
            parts: Vec::with_capacity(jobs.len()),
            jobs: Vec::new(),
            units: Vec::new(),
        };
        let mut unit = Unit::default();
        for (index, job) in jobs.iter().enumerate() {
            let extents = match &job.work {
                Work::Table(table) => extents(table, part_bytes.max(1)),
                Work::LargeObjects { oids } => batches(oids.len()),
            };
            let last = extents.len() - 1;
            for (position, (extent, bytes)) in extents.into_iter().enumerate() {
                if !unit.has_room(plan.parts.len(), bytes) {
                    plan.units.push(unit.start..plan.parts.len());
                    unit = Unit {
                        start: plan.parts.len(),
                        bytes: 0,
                    };
                }
                unit.bytes += bytes;
                plan.parts.push(Part {
                    job: index,
                    extent,
                    bytes,
                    is_first: position == 0,
                    is_last: position == last,
                });
            }
        }
        if unit.start < plan.parts.len() {
            plan.units.push(unit.start..plan.parts.len());
        }
        plan.jobs = jobs;
        plan
    }

    /// The jobs, in their order.
    pub fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// How many connections could be busy at once.
    pub fn units(&self) -> usize {
        self.units.len()
    }

    /// Bytes that the data takes on disk, as far as the catalogs tell; large objects are guessed at.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|part| part.bytes).sum()
    }

    /// Each entry's data: its dump id, and the positions of its parts.
    pub(crate) fn data(&self) -> impl Iterator<Item = (i32, Range<usize>)> {
        let mut next = 0;
        self.jobs.iter().enumerate().map(move |(job, of)| {
            let start = next;
            let parts = self.parts[start..].iter();
            next += parts.take_while(|part| part.job == job).count();
            (of.dump_id, start..next)
        })
    }

    /// The parts of a unit.
    pub(crate) fn unit(&self, unit: usize) -> &[Part] {
        &self.parts[self.units[unit].clone()]
    }
}

/// The unit under construction.
#[derive(Default)]
struct Unit {
    start: usize,
    bytes: u64,
}

impl Unit {
    /// Whether a part more may join, when `parts` have been placed so far.
    fn has_room(&self, parts: usize, bytes: u64) -> bool {
        let own = parts - self.start;
        own == 0 || (own < UNIT_PARTS && self.bytes + bytes <= UNIT_BYTES)
    }
}

/// Cuts a table, and gives the bytes of each part.
fn extents(table: &Table, part_bytes: u64) -> Vec<(Extent, u64)> {
    let parts = (table.bytes + part_bytes / 2) / part_bytes;
    let Some(ByPages { pages, .. }) = table.by_pages else {
        return vec![(Extent::Table, table.bytes)];
    };
    let parts = parts.min(pages.into());
    if parts < 2 {
        return vec![(Extent::Table, table.bytes)];
    }
    let page = |part: u64| {
        u32::try_from(u64::from(pages) * part / parts).expect("a part of a u32 is a u32")
    };
    (0..parts)
        .map(|part| {
            // The last part has no end: whoever writes at the same time may have made the table longer, even if not for our snapshot.
            let end = (part + 1 < parts).then(|| page(part + 1));
            (Extent::Pages(page(part), end), table.bytes / parts)
        })
        .collect()
}

/// Cuts a number of large objects into batches; a job has one batch at least.
fn batches(count: usize) -> Vec<(Extent, u64)> {
    (0..count.max(1))
        .step_by(LARGE_OBJECTS)
        .map(|start| {
            let range = start..count.min(start + LARGE_OBJECTS);
            let bytes = range.len() as u64 * LARGE_OBJECT;
            (Extent::LargeObjects(range), bytes)
        })
        .collect()
}

/// The statement that reads a table's part.
pub(crate) fn table_statement(table: &Table, extent: &Extent, format: Format) -> BString {
    let mut sql = match (extent, &table.by_pages) {
        (Extent::Pages(start, end), Some(by_pages)) => {
            page_statement(table, by_pages, *start, *end)
        }
        _ => table.copy.clone(),
    };
    if format == Format::Binary {
        let end = sql.trim_end_with(|end| end == ';').len();
        sql.truncate(end);
        sql.extend_from_slice(b" (FORMAT binary);");
    }
    sql
}

/// The statement that reads the rows on a range of pages.
fn page_statement(table: &Table, by_pages: &ByPages, start: u32, end: Option<u32>) -> BString {
    let mut sql = b"COPY (SELECT ".to_vec();
    sql.extend_from_slice(&by_pages.columns);
    sql.extend_from_slice(b" FROM ONLY ");
    sql.extend_from_slice(&table.name);
    sql.extend_from_slice(format!(" WHERE ctid >= '({start},0)'::pg_catalog.tid").as_bytes());
    if let Some(end) = end {
        sql.extend_from_slice(format!(" AND ctid < '({end},0)'::pg_catalog.tid").as_bytes());
    }
    if let Some(condition) = &table.condition {
        // The line ends keep a comment at its end from going on.
        sql.extend_from_slice(b" AND (\n");
        sql.extend_from_slice(condition);
        sql.extend_from_slice(b"\n)");
    }
    sql.extend_from_slice(b") TO stdout;");
    sql.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    fn table(bytes: u64, by_pages: bool) -> Table {
        let pages = u32::try_from(bytes / 8192).unwrap();
        Table {
            name: "public.t".into(),
            copy: "COPY public.t (a, b) TO stdout;".into(),
            bytes,
            condition: None,
            by_pages: by_pages.then(|| ByPages {
                pages,
                columns: "a, b".into(),
            }),
            inserts: None,
            is_binary_exact: false,
        }
    }

    fn plan(works: Vec<Work>) -> Plan {
        let jobs = works.into_iter().zip(1..);
        let jobs = jobs.map(|(work, dump_id)| Job { dump_id, work }).collect();
        Plan::new(jobs, PART_BYTES)
    }

    fn tables(sizes: &[u64]) -> Plan {
        plan(
            sizes
                .iter()
                .map(|&bytes| Work::Table(table(bytes, true)))
                .collect(),
        )
    }

    #[test]
    fn a_condition_holds_for_each_range_of_pages() {
        let mut chosen = table(100 * MIB, true);
        chosen.condition = Some("a > 5 -- and so on".into());
        assert_eq!(
            table_statement(&chosen, &Extent::Pages(7, Some(9)), Format::Text),
            "COPY (SELECT a, b FROM ONLY public.t WHERE ctid >= '(7,0)'::pg_catalog.tid AND ctid < '(9,0)'::pg_catalog.tid AND (\na > 5 -- and \
             so on\n)) TO stdout;"
        );
    }

    #[test]
    fn nothing_has_no_units() {
        assert_eq!(plan(vec![]).units(), 0);
    }

    #[test]
    fn a_big_table_is_cut_into_ranges_that_meet() {
        let plan = tables(&[100 * MIB]);
        assert_eq!(plan.units(), 6);
        let mut next = 0;
        for (position, part) in plan.parts.iter().enumerate() {
            let Extent::Pages(start, end) = part.extent else {
                panic!("{part:?}")
            };
            assert_eq!(start, next);
            assert_eq!(part.is_first, position == 0);
            assert_eq!(part.is_last, end.is_none());
            assert_eq!(end.is_none(), position == 5);
            next = end.unwrap_or(0);
        }
    }

    #[test]
    fn a_table_of_few_wide_pages_has_no_more_parts_than_pages() {
        let mut wide = table(100 * MIB, true);
        wide.by_pages = Some(ByPages {
            pages: 3,
            columns: "a".into(),
        });
        assert_eq!(plan(vec![Work::Table(wide)]).parts.len(), 3);
        let mut one = table(100 * MIB, true);
        one.by_pages = Some(ByPages {
            pages: 1,
            columns: "a".into(),
        });
        assert_eq!(plan(vec![Work::Table(one)]).parts[0].extent, Extent::Table);
    }

    #[test]
    fn what_cannot_be_read_by_pages_stays_whole() {
        let plan = plan(vec![Work::Table(table(1000 * MIB, false))]);
        assert_eq!(plan.parts.len(), 1);
        assert_eq!(plan.parts[0].extent, Extent::Table);
    }

    #[test]
    fn small_tables_share_a_unit() {
        assert_eq!(tables(&[8192; 100]).units(), 4);
        assert_eq!(tables(&[3 * MIB; 4]).units(), 4);
        assert_eq!(tables(&[MIB, MIB, 20 * MIB, MIB, MIB]).units(), 3);
    }

    #[test]
    fn large_objects_come_in_batches_of_one_block() {
        let oids: Vec<u32> = (1..=1100).collect();
        let plan = plan(vec![Work::LargeObjects { oids }]);
        let ranges: Vec<_> = plan.parts.iter().map(|part| part.extent.clone()).collect();
        let expected = [0..512, 512..1024, 1024..1100].map(Extent::LargeObjects);
        assert_eq!(ranges, expected);
        assert!(plan.parts[0].is_first && plan.parts[2].is_last);
    }

    #[test]
    fn a_part_is_read_by_the_pages_of_its_rows() {
        let table = table(100 * MIB, true);
        let sql = |extent| table_statement(&table, &extent, Format::Text).to_string();
        assert_eq!(sql(Extent::Table), "COPY public.t (a, b) TO stdout;");
        assert_eq!(
            sql(Extent::Pages(0, Some(7))),
            "COPY (SELECT a, b FROM ONLY public.t WHERE ctid >= '(0,0)'::pg_catalog.tid AND ctid < '(7,0)'::pg_catalog.tid) TO stdout;"
        );
        assert_eq!(
            sql(Extent::Pages(7, None)),
            "COPY (SELECT a, b FROM ONLY public.t WHERE ctid >= '(7,0)'::pg_catalog.tid) TO stdout;"
        );
        let sql = |extent| table_statement(&table, &extent, Format::Binary).to_string();
        assert_eq!(
            sql(Extent::Table),
            "COPY public.t (a, b) TO stdout (FORMAT binary);"
        );
        assert_eq!(
            sql(Extent::Pages(7, None)),
            "COPY (SELECT a, b FROM ONLY public.t WHERE ctid >= '(7,0)'::pg_catalog.tid) TO stdout (FORMAT binary);"
        );
    }
}
