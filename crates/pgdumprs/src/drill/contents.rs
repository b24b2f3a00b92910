//! What an archive holds: read once from end to end, before anything is made of it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bstr::BString;
use pgdumprs_archive::{Block, Damage, Entry, Reader, Result};
use sha2::{Digest, Sha256};

use super::{DrillError, DrilledArchive};
use crate::archive_source::{Place, Version};
use crate::clone::verify::checks::object_name;
use crate::file_sum::{FileSum, hex};
use crate::rows::copy_target::copy_target;
use crate::rows::sum::Sum;
use crate::{ArchiveInput, ArchiveSource, Checksum};

/// Bytes read together.
const ROOM: usize = 64 * 1024;

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
    pub(super) sum: Checksum,
}

impl Contents {
    /// Reads all of an archive, twice: whether it is sound, and what its rows are.
    pub(super) fn read(source: ArchiveSource) -> std::result::Result<Self, DrillError> {
        let version = source.version();
        let (bytes, sha256) = digest(&source)?;
        let mut reader = source.open()?;
        refuse_foreign_rows(reader.entries())?;
        reader.verify().map_err(DrillError::Damaged)?;
        let mut tables = Vec::new();
        let mut large_objects = Sum::default();
        let mut again = source.open()?;
        read_blocks(&mut again, &mut tables, &mut large_objects)
            .map_err(|error| DrillError::Damaged(Damage::from(error)))?;
        let header = reader.header().clone();
        let large_objects = large_objects.total();
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

fn read_blocks(
    reader: &mut Reader<ArchiveInput>,
    tables: &mut Vec<Rows>,
    objects: &mut Sum,
) -> Result<()> {
    let mut buffer = vec![0; ROOM];
    let entries = reader.entries().to_vec();
    while let Some(block) = reader.next_block()? {
        let block = match block {
            Block::Data(block) => block,
            Block::LargeObjects(mut block) => {
                while let Some(mut object) = block.next_object()? {
                    objects.bytes(&object.oid().to_be_bytes());
                    loop {
                        match object.read_data(&mut buffer)? {
                            0 => break,
                            count => objects.bytes(&buffer[..count]),
                        }
                    }
                    objects.end_item();
                }
                continue;
            }
        };
        let dump_id = block.dump_id();
        let Some(entry) = entries.iter().find(|entry| entry.dump_id == dump_id) else {
            continue;
        };
        let copy = entry.copy.as_ref().and_then(copy_target);
        let mut sum = Sum::default();
        if copy.is_some() {
            let mut rows = block.into_rows();
            loop {
                match rows.read_data(&mut buffer)? {
                    0 => break,
                    count => sum.lines(&buffer[..count]),
                }
            }
        }
        tables.push(Rows {
            dump_id,
            name: object_name(entry),
            copy,
            sum: sum.total(),
        });
    }
    Ok(())
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
