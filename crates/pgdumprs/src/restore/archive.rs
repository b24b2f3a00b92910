//! The archive that is restored.

use std::collections::HashMap;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use pgdumprs_archive::{DataOffset, Entry, Error, Header, Reader};
use pgdumprs_restore::Source;
use pgdumprs_script::DataSource;

/// An archive whose table of contents was read.
pub(crate) struct Opened {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) source: Source,
}

impl Opened {
    /// Opens a file, or a pipe by its name.
    pub(crate) fn path(path: PathBuf) -> Result<Self, Error> {
        let wrong = |source| Error::Read { offset: 0, source };
        let file = File::open(&path).map_err(wrong)?;
        let metadata = file.metadata().map_err(wrong)?;
        let reader = Reader::from_file(file)?;
        if !metadata.is_file() {
            return Ok(Self::once(reader));
        }
        let sizes = sizes(&reader, metadata.len());
        let open = move || Ok(Box::new(Reader::open_path(&path)?) as Box<dyn DataSource + Send>);
        Ok(Opened {
            header: reader.header().clone(),
            entries: reader.entries().to_vec(),
            source: Source::new(open, sizes),
        })
    }

    /// Opens what is read front to back.
    pub(crate) fn reader(reader: impl Read + Send + 'static) -> Result<Self, Error> {
        Ok(Self::once(Reader::new(reader)?))
    }

    fn once<R: Read + Send + 'static>(reader: Reader<R>) -> Self {
        let header = reader.header().clone();
        let entries = reader.entries().to_vec();
        let reader: Mutex<Option<Box<dyn DataSource + Send>>> = Mutex::new(Some(Box::new(reader)));
        let open = move || {
            let mut reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
            let again = || Error::Misuse("an archive from a pipe is read once".to_owned());
            reader.take().ok_or_else(again)
        };
        Opened {
            header,
            entries,
            source: Source::new(open, HashMap::new()).read_once(),
        }
    }
}

/// How many bytes of the file each entry's data takes: up to where the next begins, or the file ends.
fn sizes<R: Read>(reader: &Reader<R>, length: u64) -> HashMap<i32, u64> {
    let entries = reader.entries().iter().map(|entry| entry.dump_id);
    let mut places: Vec<(u64, i32)> = entries
        .filter_map(|dump_id| match reader.offset(dump_id)? {
            DataOffset::Set(position) => Some((position, dump_id)),
            DataOffset::Unset | DataOffset::NoData => None,
        })
        .collect();
    places.sort_unstable();
    let ends = places.iter().skip(1).map(|place| place.0).chain([length]);
    let sizes = places.iter().zip(ends);
    sizes
        .map(|(&(start, dump_id), end)| (dump_id, end.saturating_sub(start)))
        .collect()
}
