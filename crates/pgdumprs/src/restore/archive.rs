//! The archive that is restored.

use std::collections::HashMap;
use std::io::Read;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bstr::{BStr, ByteSlice};
use pgdumprs_archive::{DataOffset, Entry, Error, Format, Header, Reader};
use pgdumprs_copy::Supply;
use pgdumprs_restore::Source;
use pgdumprs_script::DataSource;

use crate::archive_source::Version;
use crate::{ArchiveSource, OpenError, RestoreError};

/// An archive whose table of contents was read.
pub(crate) struct Opened {
    /// `None` where there is no archive, and data comes from a server.
    format: Option<Format>,
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) source: Source,
    /// How many bytes each entry's data takes, by dump ids, as far as that is known.
    pub(crate) sizes: HashMap<i32, u64>,
    /// A folder, and what it was before it was opened.
    folder: Option<(ArchiveSource, Version)>,
}

impl Opened {
    /// Opens an archive, wherever it is.
    pub(crate) fn source(source: &ArchiveSource) -> Result<Self, OpenError> {
        let version = source.version_of_folder();
        let (reader, length) = source.open_measured()?;
        if source.is_open() || !reader.is_random_access() {
            return Ok(Self::once(reader));
        }
        let folder = source.as_path().unwrap_or(Path::new(""));
        let sizes = sizes(&reader, folder, length);
        let again = source.clone();
        let opened = Self::again(reader, sizes, move || Ok(again.open()?));
        Ok(Opened {
            folder: version.map(|version| (source.clone(), version)),
            ..opened
        })
    }

    /// An archive that was opened once, and that `open` opens again for each connection.
    fn again<R: Read + Send + 'static>(
        reader: Reader<R>,
        sizes: HashMap<i32, u64>,
        open: impl Fn() -> Result<Reader<R>, Error> + Send + Sync + 'static,
    ) -> Self {
        let header = reader.header().clone();
        let entries = reader.entries().to_vec();
        let (first, count) = (reader.header().clone(), reader.entries().len());
        let open = move || {
            let again = open()?;
            // Another dump may have got the name meanwhile, and its rows are not those of this table of contents.
            if *again.header() != first || again.entries().len() != count {
                return Err(Error::Misuse(
                    "another archive has taken this one's place".to_owned(),
                ));
            }
            Ok(Box::new(again) as Box<dyn DataSource + Send>)
        };
        Opened {
            format: Some(reader.format()),
            header,
            entries,
            source: Source::new(open, sizes.clone()),
            sizes,
            folder: None,
        }
    }

    /// Fails where the archive has another format than the one that was asked for.
    pub(crate) fn check(&self, wanted: Option<Format>) -> Result<(), RestoreError> {
        match (self.format, wanted) {
            (Some(found), Some(wanted)) if wanted != found => {
                Err(RestoreError::Format { found, wanted })
            }
            _ => Ok(()),
        }
    }

    /// What would be in an archive, with the server that its data comes from.
    pub(crate) fn server(header: Header, entries: Vec<Entry>, supply: Supply) -> Self {
        let sizes = entries.iter().filter(|entry| entry.had_dumper);
        let sizes = sizes.map(|entry| (entry.dump_id, supply.bytes(entry.dump_id)));
        Opened {
            format: None,
            sizes: sizes.collect(),
            header,
            entries,
            source: Source::server(supply),
            folder: None,
        }
    }

    fn once<R: Read + Send + 'static>(reader: Reader<R>) -> Self {
        let (format, header) = (reader.format(), reader.header().clone());
        let entries = reader.entries().to_vec();
        let reader: Mutex<Option<Box<dyn DataSource + Send>>> = Mutex::new(Some(Box::new(reader)));
        let open = move || {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            let again = || Error::Misuse("an archive from a pipe is read once".to_owned());
            reader.take().ok_or_else(again)
        };
        Opened {
            format: Some(format),
            header,
            entries,
            source: Source::new(open, HashMap::new()).read_once(),
            sizes: HashMap::new(),
            folder: None,
        }
    }

    /// What tells whether the archive is what it was before it was opened, where its files are opened one by one: any of them may be another by then. One
    /// in a single file is read from what was opened first, and what is opened later is compared with that. Blocks.
    pub(crate) fn take_check(&mut self) -> impl FnOnce() -> bool + Send + use<> {
        let folder = self.folder.take();
        move || folder.is_none_or(|(source, version)| source.version() == version)
    }
}

/// How many bytes each entry's data takes, as far as the archive's format tells; `length` is that of an archive in one file. A tar file tells it only to whoever reads it.
fn sizes<R: Read>(reader: &Reader<R>, path: &Path, length: u64) -> HashMap<i32, u64> {
    let ids = reader.entries().iter().map(|entry| entry.dump_id);
    match reader.format() {
        Format::Custom => {
            let place = |dump_id| match reader.offset(dump_id)? {
                DataOffset::Set(position) => Some((position, dump_id)),
                DataOffset::Unset | DataOffset::NoData => None,
            };
            between(ids.filter_map(place).collect(), length)
        }
        Format::Directory => {
            let size = |dump_id| Some((dump_id, file_size(path, reader.data_file(dump_id)?)?));
            ids.filter_map(size).collect()
        }
        Format::Tar => HashMap::new(),
    }
}

/// Data goes up to where the next begins, or the file ends.
fn between(mut places: Vec<(u64, i32)>, length: u64) -> HashMap<i32, u64> {
    places.sort_unstable();
    let ends = places.iter().skip(1).map(|place| place.0).chain([length]);
    let sizes = places.iter().zip(ends);
    sizes
        .map(|(&(start, dump_id), end)| (dump_id, end.saturating_sub(start)))
        .collect()
}

/// The length of a file of a folder, which may be compressed. A name that leads elsewhere has none.
fn file_size(folder: &Path, name: &BStr) -> Option<u64> {
    let name = name
        .to_str()
        .ok()
        .filter(|name| !name.contains(['/', '\\']))?;
    let suffixes = ["", ".gz", ".lz4", ".zst"].iter();
    let metadata =
        suffixes.filter_map(|suffix| folder.join(format!("{name}{suffix}")).metadata().ok());
    metadata.map(|metadata| metadata.len()).next()
}
