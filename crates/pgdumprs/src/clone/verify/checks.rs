//! What is compared, as statements: each reads a count of rows and the sum of their hashes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_archive::Entry;
use pgdumprs_connect::{Error, Session};
use pgdumprs_copy::{ByPages, Job, Table, Work};
use pgdumprs_sql::literal;

use super::{ComparedKind, Comparison};
use crate::RestoreReport;

/// What is locked where large objects are read, which have no table: everybody may read it.
const LARGE_OBJECTS: &str = "pg_catalog.pg_largeobject_metadata";

/// Large objects that one statement reads.
const BATCH: usize = 512;

/// What is taken for the size of a large object.
const LARGE_OBJECT: u64 = 16 << 10;

/// How a row's text becomes a number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Hash {
    /// By the hash that the server also has for its hash indexes.
    Own {
        /// The encoding that texts are hashed in.
        encoding: BString,
        /// What it makes of a certain text: that depends on the order of bytes in the machine's numbers.
        probe: BString,
    },
    /// By SHA-256 of the text in an encoding, which is the same everywhere and takes longer.
    Portable {
        /// The encoding, quoted.
        encoding: BString,
    },
}

impl Hash {
    /// That of a server; the session's text settings are what they are to be from here on.
    pub(super) async fn of(session: &mut Session) -> Result<Self, Error> {
        let statements = [
            // What time zones and currencies are called, and which there are, is each server's own.
            "SET LOCAL TimeZone = 'UTC'",
            "SET LOCAL lc_monetary = 'C'",
            "SET LOCAL quote_all_identifiers = off",
            "SELECT pg_catalog.current_setting('server_encoding'), \
             pg_catalog.hashtextextended('pgdumprs' COLLATE pg_catalog.\"C\", 0)",
        ];
        let results = session.pipeline(&statements).await?;
        let row = results[results.len() - 1].one()?;
        Ok(Hash::Own {
            encoding: row.get(0)?,
            probe: row.get(1)?,
        })
    }

    /// What gives the same on this server and on another; the source's texts come in `encoding`.
    pub(super) fn common(self, other: Hash, encoding: Option<&str>) -> Hash {
        match self == other {
            true => self,
            false => Hash::Portable {
                encoding: literal(
                    encoding.unwrap_or("UTF8"),
                    pgdumprs_sql::Encoding::named(b"UTF8"),
                ),
            },
        }
    }

    /// The number and the sum of what comes of `text` in each row.
    fn sum(&self, text: &[u8]) -> BString {
        let hashed = match self {
            Hash::Own { .. } => [
                b"pg_catalog.hashtextextended(",
                text,
                b" COLLATE pg_catalog.\"C\", 0)",
            ]
            .concat(),
            Hash::Portable { encoding } => [
                b"('x' || pg_catalog.encode(pg_catalog.sha256(pg_catalog.convert_to(",
                text,
                b", ",
                encoding,
                b")), 'hex'))::pg_catalog.bit(64)::pg_catalog.int8",
            ]
            .concat(),
        };
        [b"pg_catalog.count(*), pg_catalog.sum(", &hashed[..], b")"]
            .concat()
            .into()
    }
}

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

/// The rows of a table, as they were copied.
enum Rows<'a> {
    /// All, in the columns of a list, which may have none.
    All(&'a BStr),
    /// Those of a query.
    Of(&'a BStr),
}

impl<'a> Rows<'a> {
    fn of(table: &'a Table) -> Option<Self> {
        if let Some(columns) = chosen_columns(table) {
            return Some(Rows::All(columns));
        }
        let copy = table
            .copy
            .strip_prefix(b"COPY ")?
            .strip_suffix(b" TO stdout;")?;
        if let Some(query) = copy.strip_prefix(b"(") {
            return Some(Rows::Of(query.strip_suffix(b")")?.as_bstr()));
        }
        let columns = copy.strip_prefix(table.name.as_slice())?.trim_ascii();
        match columns.is_empty() {
            true => Some(Rows::All(columns.as_bstr())),
            false => Some(Rows::All(
                columns.strip_prefix(b"(")?.strip_suffix(b")")?.as_bstr(),
            )),
        }
    }
}

impl Checks {
    /// What of `jobs`, and so of `entries`, is to be compared: of tables, those that have all their rows.
    pub(super) fn new(
        jobs: &[Job],
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
        let mut loaded: Vec<(BString, Vec<(&Entry, &Table)>)> = Vec::new();
        let mut at = HashMap::new();
        let mut objects = Vec::new();
        for job in jobs {
            let Some(entry) = entries.get(&job.dump_id) else {
                continue;
            };
            match &job.work {
                Work::Table(table) if whole.contains(&job.dump_id) => {
                    let target = loaded_into(entry, table);
                    let position = *at.entry(target.clone()).or_insert_with(|| {
                        loaded.push((target, Vec::new()));
                        loaded.len() - 1
                    });
                    loaded[position].1.push((entry, table));
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
    fn add_tables(&mut self, target: &BString, tables: &[(&Entry, &Table)], hash: &Hash) {
        let first = next(&self.source);
        let mut there = None;
        for (_, table) in tables {
            let Some(rows) = Rows::of(table) else {
                continue;
            };
            let same = *target == table.name;
            // The target has no others than those that were chosen.
            let condition = chosen_columns(table).and(table.condition.as_ref());
            let (sums, here) = statement(&rows, &table.name, true, condition, hash);
            let by_pages = table.by_pages.as_ref().map(|by_pages| ByPages {
                pages: by_pages.pages,
                columns: sums.clone(),
            });
            there.get_or_insert_with(|| {
                let (sums, copy) = match &rows {
                    Rows::Of(_) if same => (sums, here.clone()),
                    Rows::Of(_) => statement(&Rows::All(BStr::new("")), target, same, None, hash),
                    Rows::All(_) => statement(&rows, target, same, None, hash),
                };
                // How many pages it has is asked for later on.
                let by_pages = by_pages.as_ref().filter(|_| same).map(|_| ByPages {
                    pages: 0,
                    columns: sums,
                });
                (copy, by_pages)
            });
            self.source.push(Job {
                dump_id: next(&self.source),
                work: Work::Table(Table {
                    name: table.name.clone(),
                    copy: here,
                    bytes: table.bytes,
                    condition: condition.cloned(),
                    by_pages,
                    inserts: None,
                }),
            });
        }
        let Some((copy, by_pages)) = there else {
            return;
        };
        let (entry, table) = tables[0];
        let name = match *target == table.name {
            true => object_name(entry),
            false => target.clone(),
        };
        let bytes = tables.iter().map(|(_, table)| table.bytes).sum();
        self.add(
            ComparedKind::Table,
            name,
            first,
            Table {
                name: target.clone(),
                copy,
                bytes,
                condition: None,
                by_pages,
                inserts: None,
            },
        );
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

/// The table that an entry's rows are loaded into: itself, or the root that it is a partition of.
fn loaded_into(entry: &Entry, table: &Table) -> BString {
    let columns = table
        .copy
        .strip_prefix(&[b"COPY ", table.name.as_slice()].concat()[..]);
    let columns = columns.and_then(|rest| rest.strip_suffix(b" TO stdout;"));
    let columns = columns.map(<[u8]>::to_vec).or_else(|| {
        let chosen = chosen_columns(table)?;
        Some([b" (", chosen.as_bytes(), b")"].concat())
    });
    let target = entry.copy.as_ref().and_then(|copy| {
        let target = copy
            .strip_prefix(b"COPY ")?
            .strip_suffix(b" FROM stdin;\n")?;
        target.strip_suffix(columns?.as_slice())
    });
    target.map_or_else(|| table.name.clone(), |target| target.trim_ascii().into())
}

/// The columns of a table of which a condition chooses the rows, and nothing else.
fn chosen_columns(table: &Table) -> Option<&BStr> {
    let tail = [
        b" FROM ONLY ",
        table.name.as_slice(),
        &chosen(table.condition.as_ref()?),
        b") TO stdout;",
    ]
    .concat();
    let columns = table
        .copy
        .strip_prefix(b"COPY (SELECT ")?
        .strip_suffix(tail.as_slice())?;
    Some(if columns == b"*" { b"" } else { columns }.as_bstr())
}

/// The clause that chooses rows by a condition.
fn chosen(condition: &BString) -> Vec<u8> {
    [b" WHERE (\n", condition.as_slice(), b"\n)"].concat()
}

/// Schema and name, joined by a point.
pub(super) fn object_name(entry: &Entry) -> BString {
    let parts = [&entry.namespace, &entry.tag].into_iter().flatten();
    bstr::join(".", parts).into()
}

/// What sums up rows of a table, and the statement that reads the sums of all of them, or of those that meet a condition. Where the table is `alone`,
/// what inherits from it is no part of it.
fn statement(
    rows: &Rows<'_>,
    table: &BString,
    alone: bool,
    condition: Option<&BString>,
    hash: &Hash,
) -> (BString, BString) {
    let (sums, from) = match rows {
        Rows::All(columns) => {
            let only: &[u8] = if alone { b"ONLY " } else { b"" };
            (hash.sum(&row_text(columns)), [only, table].concat())
        }
        Rows::Of(query) => {
            let from = [b"(", query.as_bytes(), b") AS copied"].concat();
            (hash.sum(&row_text(b"copied.*")), from)
        }
    };
    let copy = [
        b"COPY (SELECT ",
        sums.as_slice(),
        b" FROM ",
        &from,
        &condition.map(chosen).unwrap_or_default(),
        b") TO stdout;",
    ]
    .concat();
    (sums, copy.into())
}

fn row_text(columns: &[u8]) -> Vec<u8> {
    [b"ROW(", columns, b")::pg_catalog.text"].concat()
}

/// The statement that sums up large objects, in pieces.
fn large_objects(oids: &[u32], hash: &Hash) -> BString {
    let query = pgdumprs_copy::large_object_pieces(oids);
    let text =
        b"(pieces.oid || ':' || pieces.start || ':' || pg_catalog.encode(pieces.content, 'hex'))";
    [
        b"COPY (SELECT ",
        hash.sum(text).as_slice(),
        b" FROM (",
        query.as_bytes(),
        b") AS pieces) TO stdout;",
    ]
    .concat()
    .into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(name: &str, copy: &str) -> Table {
        Table {
            name: name.into(),
            copy: copy.into(),
            bytes: 0,
            condition: None,
            by_pages: None,
            inserts: None,
        }
    }

    fn own() -> Hash {
        let (encoding, probe) = ("UTF8".into(), "1".into());
        Hash::Own { encoding, probe }
    }

    #[test]
    fn rows_are_read_as_they_were_copied() {
        let read = |table: &Table, alone| {
            let rows = Rows::of(table).unwrap();
            let condition = chosen_columns(table).and(table.condition.as_ref());
            statement(&rows, &table.name, alone, condition, &own())
                .1
                .to_string()
        };
        let sum = |row: &str| {
            format!(
                "pg_catalog.count(*), pg_catalog.sum(pg_catalog.hashtextextended(ROW({row})::pg_catalog.text COLLATE pg_catalog.\"C\", 0))"
            )
        };
        let odd = table("s.\"t (a)\"", "COPY s.\"t (a)\" (a, \"b)\") TO stdout;");
        let sums = sum("a, \"b)\"");
        assert_eq!(
            read(&odd, true),
            format!("COPY (SELECT {sums} FROM ONLY s.\"t (a)\") TO stdout;")
        );
        assert_eq!(
            read(&odd, false),
            format!("COPY (SELECT {sums} FROM s.\"t (a)\") TO stdout;")
        );
        let bare = table("s.t", "COPY s.t  TO stdout;");
        assert_eq!(
            read(&bare, true),
            format!("COPY (SELECT {} FROM ONLY s.t) TO stdout;", sum(""))
        );
        let some = table("s.t", "COPY (SELECT a FROM s.t WHERE a > 1) TO stdout;");
        assert_eq!(
            read(&some, true),
            format!(
                "COPY (SELECT {} FROM (SELECT a FROM s.t WHERE a > 1) AS copied) TO stdout;",
                sum("copied.*")
            )
        );
    }

    #[test]
    fn rows_that_were_chosen_are_read_as_they_were_chosen() {
        let copy = "COPY (SELECT a, b FROM ONLY s.t WHERE (\na > 1\n)) TO stdout;";
        let mut some = table("s.t", copy);
        some.condition = Some("a > 1".into());
        let rows = Rows::of(&some).unwrap();
        let read = |condition| statement(&rows, &some.name, true, condition, &own()).1;
        let (source, target) = (read(some.condition.as_ref()), read(None));
        assert!(source.ends_with(b" FROM ONLY s.t WHERE (\na > 1\n)) TO stdout;"));
        assert!(target.ends_with(b" FROM ONLY s.t) TO stdout;"));
        assert!(source.starts_with(&target[..target.len() - b") TO stdout;".len()]));
        let entry = Entry {
            copy: Some("COPY s.root (a, b) FROM stdin;\n".into()),
            ..Entry::default()
        };
        assert_eq!(loaded_into(&entry, &some), "s.root");
    }

    #[test]
    fn partitions_are_compared_as_their_root_where_they_were_loaded_through_it() {
        let part = table("s.p1", "COPY s.p1 (a) TO stdout;");
        let entry = |copy: &str| Entry {
            copy: Some(copy.into()),
            ..Entry::default()
        };
        assert_eq!(
            loaded_into(&entry("COPY s.p1 (a) FROM stdin;\n"), &part),
            "s.p1"
        );
        assert_eq!(
            loaded_into(&entry("COPY s.\"root (a)\" (a) FROM stdin;\n"), &part),
            "s.\"root (a)\""
        );
    }

    #[test]
    fn servers_that_hash_otherwise_hash_portably() {
        assert_eq!(own().common(own(), Some("UTF8")), own());
        let (encoding, probe) = ("UTF8".into(), "2".into());
        let other = Hash::Own { encoding, probe };
        let portable = own().common(other, Some("LATIN1"));
        assert_eq!(
            portable,
            Hash::Portable {
                encoding: "'LATIN1'".into()
            }
        );
        assert!(
            portable
                .sum(b"x")
                .to_string()
                .contains("convert_to(x, 'LATIN1')")
        );
    }
}
