//! What an archive holds: read from end to end before anything is made of it, once for its checksum and once for all else.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bstr::BString;
use pgdumprs_archive::{Entry, Met};
use sha2::{Digest, Sha256};

use super::{DrillError, DrilledArchive};
use crate::archive_source::{Place, Version};
use crate::clone::verify::checks::object_name;
use crate::file_sum::{FileSum, hex};
use crate::rows::copy_target::{column_names, copy_target, positions};
use crate::rows::sum::Sum;
use crate::{ArchiveSource, Checksum};

/// An archive that is sound.
pub(super) struct Contents {
    pub(super) archive: DrilledArchive,
    pub(super) entries: Vec<Entry>,
    /// The encoding of its rows.
    pub(super) encoding: Option<String>,
    pub(super) tables: Vec<Rows>,
    pub(super) large_objects: Checksum,
    pub(super) source: ArchiveSource,
    /// What it was before it was read.
    version: Version,
}

/// The rows of an entry.
pub(super) struct Rows {
    pub(super) dump_id: i32,
    pub(super) name: BString,
    /// Where COPY puts them, and the list of columns, in parentheses or empty; `None` for INSERT statements.
    pub(super) copy: Option<(BString, BString)>,
    /// The columns in the order in which they are summed up: that of the first rows that go into the same table.
    pub(super) columns: BString,
    pub(super) sum: Checksum,
}

impl Contents {
    /// Reads all of an archive, twice: for its checksum, and for whether it is sound and what its rows are.
    pub(super) fn read(source: ArchiveSource) -> std::result::Result<Self, DrillError> {
        let version = source.version();
        let (bytes, sha256) = digest(&source)?;
        let mut reader = source.open()?;
        refuse_foreign_rows(reader.entries())?;
        let mut summing = Summing::of(reader.entries());
        let verified = reader.verify_with(|met| summing.take(met));
        verified.map_err(DrillError::Damaged)?;
        let (tables, large_objects) = summing.end();
        let header = reader.header().clone();
        Ok(Self {
            archive: DrilledArchive {
                path: name(&source),
                bytes,
                sha256,
                created: header.created,
                database: header.database.clone(),
                server_version: header.server_version.clone(),
                dumper_version: header.dumper_version.clone(),
                tables: tables.len(),
                rows: tables.iter().map(|table| table.sum.count).sum(),
                large_objects: large_objects.count,
            },
            encoding: reader.encoding().map(ToString::to_string),
            entries: reader.entries().to_vec(),
            tables,
            large_objects,
            source,
            version,
        })
    }

    /// Whether what has the archive's name is what was read. Blocks.
    pub(super) fn is_still_there(&self) -> bool {
        self.source.version() == self.version
    }
}

/// What the record calls an archive.
pub(super) fn name(source: &ArchiveSource) -> PathBuf {
    match source.as_path() {
        Some(path) => path.to_owned(),
        None => source.to_string().into(),
    }
}

/// A restore writes the rows of foreign tables to the servers that those are on.
fn refuse_foreign_rows(entries: &[Entry]) -> std::result::Result<(), DrillError> {
    let is_foreign = |data: &&Entry| {
        data.descriptor == "TABLE DATA"
            && entries.iter().any(|entry| {
                entry.descriptor == "FOREIGN TABLE"
                    && (&entry.namespace, &entry.tag) == (&data.namespace, &data.tag)
            })
    };
    match entries.iter().find(is_foreign) {
        Some(data) => Err(DrillError::ForeignRows {
            table: object_name(data),
        }),
        None => Ok(()),
    }
}

/// Sums up data as it goes by.
struct Summing {
    /// What is known of each entry's rows, by dump ids.
    known: HashMap<i32, Rows>,
    /// The entry whose data goes by, and the sum of that.
    current: Option<(i32, Sum)>,
    tables: Vec<Rows>,
    objects: Sum,
    is_in_object: bool,
}

impl Summing {
    fn of(entries: &[Entry]) -> Self {
        let mut first: HashMap<BString, BString> = HashMap::new();
        let with_data = entries.iter().filter(|entry| entry.had_dumper);
        let known = with_data.map(|entry| {
            let copy = entry.copy.as_ref().and_then(copy_target);
            let columns = copy.as_ref().map(|(table, columns)| {
                let first = first.entry(table.clone());
                first.or_insert_with(|| columns.clone()).clone()
            });
            let rows = Rows {
                dump_id: entry.dump_id,
                name: object_name(entry),
                copy,
                columns: columns.unwrap_or_default(),
                sum: Checksum::default(),
            };
            (entry.dump_id, rows)
        });
        Self {
            known: known.collect(),
            current: None,
            tables: Vec::new(),
            objects: Sum::default(),
            is_in_object: false,
        }
    }

    fn take(&mut self, met: Met<'_>) {
        match met {
            Met::Block { dump_id } => {
                self.end_block();
                let sum = Sum::of_fields(self.known.get(&dump_id).and_then(Rows::fields));
                self.current = Some((dump_id, sum));
            }
            Met::LargeObject { oid } => {
                self.end_object();
                // Its block is none of rows.
                self.current = None;
                self.is_in_object = true;
                self.objects.bytes(&oid.to_be_bytes());
            }
            Met::Data(bytes) if self.is_in_object => self.objects.bytes(bytes),
            Met::Data(bytes) => {
                if let Some((_, sum)) = &mut self.current {
                    sum.lines(bytes);
                }
            }
            _ => {}
        }
    }

    fn end_object(&mut self) {
        if std::mem::take(&mut self.is_in_object) {
            self.objects.end_item();
        }
    }

    fn end_block(&mut self) {
        self.end_object();
        let Some((dump_id, sum)) = self.current.take() else {
            return;
        };
        if let Some(mut rows) = self.known.remove(&dump_id) {
            // Statements are no rows.
            if rows.copy.is_some() {
                rows.sum = sum.total();
            }
            self.tables.push(rows);
        }
    }

    /// The rows of each entry in the order in which they came, and the sum of all large objects.
    fn end(mut self) -> (Vec<Rows>, Checksum) {
        self.end_block();
        (self.tables, self.objects.total())
    }
}

impl Rows {
    /// Which fields of their lines are summed up, and in which order, where those are not all as they stand.
    fn fields(&self) -> Option<Vec<usize>> {
        let (_, own) = self.copy.as_ref().filter(|(_, own)| *own != self.columns)?;
        Some(positions(&column_names(&self.columns), &column_names(own)))
    }
}

/// The size and the SHA-256 of a file or an object, or of all files of a folder.
fn digest(source: &ArchiveSource) -> std::result::Result<(u64, String), DrillError> {
    let path = match source.place() {
        Place::Path(path) => path,
        #[cfg(feature = "object-store")]
        Place::Object(place) => {
            let object = pgdumprs_store::ObjectReader::open(place)?;
            let sum = FileSum::of_reader(object).map_err(|source| DrillError::Read {
                path: place.to_string().into(),
                source,
            })?;
            return Ok((sum.size, sum.sha256));
        }
        Place::Open(_) => return Err(DrillError::NotAFile { path: name(source) }),
    };
    let failed = |path: &Path, source: io::Error| DrillError::Read {
        path: path.to_owned(),
        source,
    };
    let metadata = fs::metadata(path).map_err(|source| failed(path, source))?;
    if metadata.is_file() {
        let sum = FileSum::of(path).map_err(|source| failed(path, source))?;
        return Ok((sum.size, sum.sha256));
    }
    if !metadata.is_dir() {
        return Err(DrillError::NotAFile {
            path: path.to_owned(),
        });
    }
    let listed = fs::read_dir(path).and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<io::Result<Vec<_>>>()
    });
    let mut files = listed.map_err(|source| failed(path, source))?;
    files.retain(|file| file.is_file());
    files.sort();
    let mut all = Sha256::new();
    let mut bytes = 0;
    for file in files {
        let sum = FileSum::of(&file).map_err(|source| failed(&file, source))?;
        bytes += sum.size;
        let name = file.file_name().unwrap_or_default().to_string_lossy();
        all.update(format!("{}  {name}\n", sum.sha256));
    }
    Ok((bytes, hex(&all.finalize())))
}
