//! Archives of versions that nothing writes any more, made of those of a version that is still written.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use bstr::BString;
use pgdumprs_archive::{ArchiveVersion, DataOffset, Entry, Reader, Section};

/// Rewrites an archive of version 1.14 as one of 1.12 or 1.13, which say the same but for table access methods.
pub(crate) fn rewrite(archive: &Path, minor: u8, old: &Path) -> Result<()> {
    let reader = Reader::open_path(archive)?;
    let header = reader.header();
    ensure!(header.version == ArchiveVersion::V1_14, "{header:?}");
    let bytes = fs::read(archive).context("reading the archive")?;
    let mut fields = Fields(b"PGDMP\x01".to_vec());
    fields.0.extend([minor, 0, 4, 8, 1]);
    // The level of the compression and the time of creation stay as they are.
    let numbers = 11..11 + 8 * 5;
    fields.0.extend_from_slice(&bytes[numbers]);
    fields.text(header.database.as_ref());
    fields.text(header.server_version.as_ref());
    fields.text(header.dumper_version.as_ref());
    fields.number(reader.entries().len().try_into()?);
    let mut data = bytes.len();
    for entry in reader.entries() {
        fields.entry(entry);
        let has_data = match reader.offset(entry.dump_id) {
            Some(DataOffset::Set(at)) => {
                data = data.min(at.try_into()?);
                true
            }
            _ => false,
        };
        // Blocks stand elsewhere now, and are looked for.
        fields.0.push(if has_data { 1 } else { 3 });
        fields.0.extend([0; 8]);
    }
    fields.0.extend_from_slice(&bytes[data..]);
    fs::write(old, fields.0).context("writing the old archive")
}

/// An archive's bytes, field by field.
struct Fields(Vec<u8>);

impl Fields {
    fn number(&mut self, number: i32) {
        self.0.push(u8::from(number < 0));
        self.0.extend(number.unsigned_abs().to_le_bytes());
    }

    fn text(&mut self, text: Option<&BString>) {
        match text {
            None => self.number(-1),
            Some(text) => {
                self.number(text.len().try_into().expect("a text of an archive"));
                self.0.extend_from_slice(text);
            }
        }
    }

    fn entry(&mut self, entry: &Entry) {
        self.number(entry.dump_id);
        self.number(entry.had_dumper.into());
        for oid in [entry.catalog_id.tableoid, entry.catalog_id.oid] {
            self.text(Some(&oid.to_string().into()));
        }
        self.text(entry.tag.as_ref());
        self.text(Some(&entry.descriptor));
        self.number(match entry.section {
            Section::None => 1,
            Section::PreData => 2,
            Section::Data => 3,
            Section::PostData => 4,
        });
        for text in [
            &entry.definition,
            &entry.drop,
            &entry.copy,
            &entry.namespace,
            &entry.tablespace,
            &entry.owner,
        ] {
            self.text(text.as_ref());
        }
        self.text(Some(&"false".into()));
        for dump_id in &entry.dependencies {
            self.text(Some(&dump_id.to_string().into()));
        }
        self.text(None);
    }
}
