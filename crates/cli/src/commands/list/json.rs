//! The table of contents as JSON. The names here are the keys; `docs/archives.md` describes them.

use std::collections::HashMap;
use std::io::{self, Read, Write};

use bstr::{BStr, BString, ByteSlice};
use pgdumprs::archive::{
    BlockContent, CreationTime, DataOffset, Entry, Format, Reader, Section, Verified, VerifiedBlock,
};
use serde::{Serialize, Serializer, ser::SerializeMap};

/// Writes one object with everything in it.
pub(super) fn write(
    reader: &Reader<impl Read>,
    sizes: Option<&Verified>,
    output: &mut impl Write,
) -> io::Result<()> {
    let header = reader.header();
    let blocks: HashMap<i32, &VerifiedBlock> = sizes
        .iter()
        .flat_map(|sizes| &sizes.blocks)
        .map(|block| (block.dump_id, block))
        .collect();
    let entries = reader.entries().iter().map(|entry| Line {
        entry,
        offset: reader.offset(entry.dump_id),
        file: reader.data_file(entry.dump_id),
        block: blocks.get(&entry.dump_id).copied(),
    });
    let archive = Archive {
        format: match reader.format() {
            Format::Custom => "custom",
            Format::Directory => "directory",
            Format::Tar => "tar",
        },
        archive_version: header.version.to_string(),
        compression: header.compression.name(),
        created: created(header.created),
        encoding: reader
            .encoding()
            .map(|name| name.to_str_lossy().into_owned()),
        texts: Texts(vec![
            ("database", &header.database),
            ("server_version", &header.server_version),
            ("dumper_version", &header.dumper_version),
        ]),
        totals: sizes.map(|sizes| Totals {
            tables: sizes.tables(),
            rows: sizes.rows(),
            large_objects: sizes.large_objects(),
            raw_bytes: sizes.raw_bytes(),
            stored_bytes: sizes.stored_bytes(),
            archive_bytes: sizes.archive_bytes,
        }),
        entries: entries.collect(),
    };
    serde_json::to_writer_pretty(&mut *output, &archive).map_err(super::io_error)?;
    writeln!(output)
}

#[derive(Serialize)]
struct Archive<'a> {
    format: &'static str,
    archive_version: String,
    compression: &'static str,
    created: Option<String>,
    encoding: Option<String>,
    #[serde(flatten)]
    texts: Texts<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    totals: Option<Totals>,
    entries: Vec<Line<'a>>,
}

#[derive(Serialize)]
struct Totals {
    tables: usize,
    rows: u64,
    large_objects: u64,
    raw_bytes: u64,
    stored_bytes: u64,
    archive_bytes: u64,
}

/// An entry.
struct Line<'a> {
    entry: &'a Entry,
    offset: Option<DataOffset>,
    file: Option<&'a BStr>,
    block: Option<&'a VerifiedBlock>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = self.entry;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("dump_id", &entry.dump_id)?;
        map.serialize_entry("descriptor", &entry.descriptor.to_str_lossy())?;
        for (key, text) in [
            ("schema", &entry.namespace),
            ("tag", &entry.tag),
            ("owner", &entry.owner),
            ("tablespace", &entry.tablespace),
            ("table_access_method", &entry.table_am),
        ] {
            put_text(&mut map, key, text)?;
        }
        let section = match entry.section {
            Section::None => "none",
            Section::PreData => "pre-data",
            Section::Data => "data",
            Section::PostData => "post-data",
        };
        map.serialize_entry("section", section)?;
        map.serialize_entry("catalog_oid", &entry.catalog_id.tableoid)?;
        map.serialize_entry("oid", &entry.catalog_id.oid)?;
        let relkind = (entry.relkind != 0).then(|| char::from(entry.relkind));
        map.serialize_entry("relkind", &relkind)?;
        map.serialize_entry("listed", &entry.is_listed())?;
        map.serialize_entry("dependencies", &entry.dependencies)?;
        map.serialize_entry("has_data", &entry.had_dumper)?;
        if entry.had_dumper {
            let offset = match self.offset {
                Some(DataOffset::Set(offset)) => Some(offset),
                _ => None,
            };
            map.serialize_entry("data_offset", &offset)?;
            if let Some(file) = self.file {
                map.serialize_entry("data_file", &file.to_str_lossy())?;
            }
        }
        if let Some(block) = self.block {
            put_block(&mut map, block)?;
        }
        map.end()
    }
}

fn put_block<M: SerializeMap>(map: &mut M, block: &VerifiedBlock) -> Result<(), M::Error> {
    match block.content {
        BlockContent::Rows(rows) => map.serialize_entry("rows", &rows)?,
        BlockContent::LargeObjects(objects) => map.serialize_entry("large_objects", &objects)?,
        // How many rows statements insert is not known.
        _ => {}
    }
    map.serialize_entry("raw_bytes", &block.raw_bytes)?;
    map.serialize_entry("stored_bytes", &block.stored_bytes)
}

/// Texts that may be of any encoding.
struct Texts<'a>(Vec<(&'static str, &'a Option<BString>)>);

impl Serialize for Texts<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (key, text) in &self.0 {
            put_text(&mut map, key, text)?;
        }
        map.end()
    }
}

/// Puts a text as a string. JSON has no other: where the text is not UTF-8, bytes that are none become U+FFFD, and a second key, with
/// `_hex` behind its name, has all bytes in hexadecimal digits.
fn put_text<M: SerializeMap>(
    map: &mut M,
    key: &str,
    text: &Option<BString>,
) -> Result<(), M::Error> {
    map.serialize_entry(key, &text.as_ref().map(|text| text.to_str_lossy()))?;
    match text {
        Some(text) if text.to_str().is_err() => {
            let hex: String = text.iter().map(|byte| format!("{byte:02x}")).collect();
            map.serialize_entry(&format!("{key}_hex"), &hex)
        }
        _ => Ok(()),
    }
}

/// The time as the archive has it, in the time zone of the machine that wrote it; `None` where it is none.
fn created(time: CreationTime) -> Option<String> {
    let in_range = (0..=11).contains(&time.month)
        && (1..=31).contains(&time.day)
        && (0..=8099).contains(&time.year);
    let clock = (0..=23).contains(&time.hour)
        && (0..=59).contains(&time.minute)
        && (0..=60).contains(&time.second);
    (in_range && clock).then(|| {
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}",
            time.year + 1900,
            time.month + 1,
            time.day,
            time.hour,
            time.minute,
            time.second
        )
    })
}
