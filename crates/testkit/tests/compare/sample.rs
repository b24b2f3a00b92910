//! A database with stock's archive of it, and archives taken apart to be altered.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use pgdumprs_archive::{ArchiveVersion, Block, Entry, Header, Reader, Writer};
use pgdumprs_testkit::compare::{Comparison, Rule, compare_archives, stock_archive};
use pgdumprs_testkit::{Database, Major, Server};
use tempfile::TempDir;

pub(crate) const SAMPLE: &str = "
    CREATE SCHEMA shop;
    CREATE TABLE shop.item (id int PRIMARY KEY, name text, price numeric(10,2));
    CREATE TABLE shop.line (id int PRIMARY KEY, item int REFERENCES shop.item);
    CREATE INDEX line_item ON shop.line (item);
    CREATE VIEW shop.dear AS SELECT name FROM shop.item WHERE price > 100;
    INSERT INTO shop.item SELECT n, 'item ' || n, n / 3.0 FROM generate_series(1, 20000) n;
    INSERT INTO shop.line SELECT n, n FROM generate_series(1, 500) n;
    CREATE TABLE shop.part (d date) PARTITION BY RANGE (d);
    CREATE TABLE shop.part_1 PARTITION OF shop.part DEFAULT;
    COMMENT ON TABLE shop.item IS 'what is sold';
    SELECT lo_from_bytea(3000001, 'one'::bytea);
    SELECT lo_from_bytea(3000002, convert_to(repeat('two', 5000), 'UTF8'));
    GRANT SELECT ON LARGE OBJECT 3000001, 3000002 TO PUBLIC;
    COMMENT ON LARGE OBJECT 3000002 IS 'the second';
";

/// A database, stock's archive of it, and an altered copy of that.
pub(crate) struct Sample {
    pub(crate) folder: TempDir,
    pub(crate) stock: PathBuf,
    pub(crate) database: Database,
}

/// An archive in memory.
pub(crate) struct Parts {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) tables: BTreeMap<i32, Vec<u8>>,
    pub(crate) objects: BTreeMap<i32, Vec<(u32, Vec<u8>)>>,
}

impl Sample {
    pub(crate) fn new() -> Sample {
        Sample::with("")
    }

    /// With more in the database.
    pub(crate) fn with(script: &str) -> Sample {
        Sample::on(Major::REFERENCE, &format!("{SAMPLE}{script}"))
    }

    /// Of a database of a major.
    pub(crate) fn on(major: Major, script: &str) -> Sample {
        let database = Server::get(major).database();
        database.execute_sql(script);
        let folder = tempfile::tempdir().unwrap();
        let stock = folder.path().join("stock.dump");
        stock_archive(&database, &stock, &[]).unwrap();
        Sample {
            folder,
            stock,
            database,
        }
    }

    /// Compares stock's archive with one in which `alter` changed something.
    pub(crate) fn altered(&self, alter: impl FnOnce(&mut Parts)) -> Comparison {
        let mut parts = Parts::read(&self.stock);
        alter(&mut parts);
        let ours = self.folder.path().join("ours.dump");
        parts.write(&ours);
        compare_archives(&self.stock, &ours).unwrap()
    }
}

impl Parts {
    pub(crate) fn read(path: &Path) -> Parts {
        let file = BufReader::new(File::open(path).unwrap());
        let mut reader = Reader::new(file).unwrap();
        let mut parts = Parts {
            header: reader.header().clone(),
            entries: reader.entries().to_vec(),
            tables: BTreeMap::new(),
            objects: BTreeMap::new(),
        };
        while let Some(block) = reader.next_block().unwrap() {
            let id = block.dump_id();
            match block {
                Block::Data(mut data) => {
                    data.read_to_end(parts.tables.entry(id).or_default())
                        .unwrap();
                }
                Block::LargeObjects(mut block) => {
                    let objects = parts.objects.entry(id).or_default();
                    while let Some(mut object) = block.next_object().unwrap() {
                        let mut bytes = Vec::new();
                        object.read_to_end(&mut bytes).unwrap();
                        objects.push((object.oid(), bytes));
                    }
                }
            }
        }
        parts
    }

    pub(crate) fn write(&self, path: &Path) {
        let file = File::create(path).unwrap();
        let mut writer = Writer::seekable(file, &self.header, &self.entries).unwrap();
        for entry in self.entries.iter().filter(|entry| entry.had_dumper) {
            if let Some(objects) = self.objects.get(&entry.dump_id) {
                writer.begin_blobs(entry.dump_id).unwrap();
                for (oid, bytes) in objects {
                    writer.begin_blob(*oid).unwrap();
                    writer.write(bytes).unwrap();
                    writer.end_blob().unwrap();
                }
            } else {
                writer.begin_data(entry.dump_id).unwrap();
                writer.write(&self.tables[&entry.dump_id]).unwrap();
            }
            writer.end().unwrap();
        }
        writer.finish().unwrap();
    }

    pub(crate) fn position(&self, descriptor: &str, tag: &str) -> usize {
        self.entries
            .iter()
            .position(|entry| {
                entry.descriptor == descriptor && entry.tag.as_ref().is_some_and(|t| t == tag)
            })
            .unwrap_or_else(|| panic!("no {descriptor} {tag}"))
    }

    pub(crate) fn entry(&mut self, descriptor: &str, tag: &str) -> &mut Entry {
        let position = self.position(descriptor, tag);
        &mut self.entries[position]
    }

    /// Leaves out what some servers keep in columns' options for themselves: older tools of stock write it.
    pub(crate) fn leave_out_internal_options(&mut self) {
        for entry in &mut self.entries {
            let text = entry.definition.take().map(|text| text.to_string());
            entry.definition = text.map(|text| {
                let lines = text.split_inclusive('\n');
                let kept: String = lines.filter(|line| !line.contains(" SET (pg_")).collect();
                kept.into()
            });
        }
    }

    /// Replaces groups of large objects by entries for each, as archives before 1.16 have them.
    pub(crate) fn ungroup_large_objects(&mut self) {
        let mut entries = Vec::new();
        for entry in &self.entries {
            let tag = entry.tag.clone().unwrap_or_default();
            if entry.descriptor == "BLOB METADATA" {
                let list = String::from_utf8(entry.definition.clone().unwrap().into()).unwrap();
                for oid in list.split_whitespace() {
                    let mut single = entry.clone();
                    single.dump_id = 100_000 + entries.len() as i32;
                    single.descriptor = "BLOB".into();
                    single.tag = Some(oid.into());
                    single.catalog_id.oid = oid.parse().unwrap();
                    single.definition = Some(format!("SELECT lo_create('{oid}');\n").into());
                    entries.push(single);
                }
            } else if tag.starts_with(b"LARGE OBJECTS ") {
                for oid in ["3000001", "3000002"] {
                    let text = String::from_utf8(entry.definition.clone().unwrap().into()).unwrap();
                    let mut single = entry.clone();
                    single.dump_id = 100_000 + entries.len() as i32;
                    single.tag = Some(format!("LARGE OBJECT {oid}").into());
                    single.definition = Some(text.replace("3000001", oid).into());
                    entries.push(single);
                }
            } else {
                entries.push(entry.clone());
            }
        }
        self.entries = entries;
        self.header.version = ArchiveVersion::V1_14;
    }
}

pub(crate) fn rules(comparison: &Comparison) -> Vec<Rule> {
    [Rule::F1, Rule::F2, Rule::F3, Rule::F4, Rule::F5]
        .into_iter()
        .filter(|&rule| !comparison.differences(rule).is_empty())
        .collect()
}

pub(crate) fn assert_says(comparison: &Comparison, rule: Rule, part: &str) {
    let found = comparison.differences(rule);
    assert!(
        found.iter().any(|text| text.contains(part)),
        "{rule:?} does not say {part:?} in\n{comparison}"
    );
}

/// Replaces a part of an entry's definition.
pub(crate) fn restate(entry: &mut Entry, part: &str, by: &str) {
    let text = entry.definition.clone().unwrap().to_string();
    assert!(text.contains(part), "no {part:?} in {text}");
    entry.definition = Some(text.replace(part, by).into());
}
