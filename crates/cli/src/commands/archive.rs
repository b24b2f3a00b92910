//! What the commands that look into an archive have in common.

use std::fs::File;
use std::path::Path;

use anyhow::Context;
use pgdumprs::archive::{Format, Reader};
use pgdumprs::{ObjectPlace, ObjectReader};

use crate::standard_stream;

/// An archive that was opened.
pub(super) enum Archive {
    File(Box<Reader<File>>),
    Object(Box<Reader<ObjectReader>>),
}

impl Archive {
    /// Its format.
    pub(super) fn format(&self) -> Format {
        match self {
            Archive::File(reader) => reader.format(),
            Archive::Object(reader) => reader.format(),
        }
    }
}

/// Does the same with an archive, wherever it is.
macro_rules! with_archive {
    ($archive:expr, $reader:ident => $work:expr) => {
        match $archive {
            $crate::commands::archive::Archive::File(reader) => {
                let $reader = *reader;
                $work
            }
            $crate::commands::archive::Archive::Object(reader) => {
                let $reader = *reader;
                $work
            }
        }
    };
}
pub(super) use with_archive;

/// Opens an archive of any format: a file or a folder by its name, an object of a store by its, or standard input for `-`.
pub(super) fn open(path: &Path) -> anyhow::Result<Archive> {
    if let Some(place) = object(path)? {
        let object = ObjectReader::open(&place)?;
        let reader = Reader::seekable(object).with_context(|| name(path))?;
        return Ok(Archive::Object(Box::new(reader)));
    }
    Ok(Archive::File(Box::new(open_file(path)?)))
}

fn open_file(path: &Path) -> anyhow::Result<Reader<File>> {
    if path == Path::new("-") {
        let input = standard_stream::input().context("could not open standard input")?;
        return Reader::from_file(input).context("standard input");
    }
    if path.is_dir() {
        return Reader::open_path(path).with_context(|| name(path));
    }
    let file =
        File::open(path).with_context(|| format!("could not open \"{}\"", path.display()))?;
    Reader::from_file(file).with_context(|| name(path))
}

/// The place of an object, where a name is that of one.
pub(crate) fn object(path: &Path) -> anyhow::Result<Option<ObjectPlace>> {
    let name = path.to_str().filter(|name| ObjectPlace::is_one(name));
    Ok(name.map(str::parse).transpose()?)
}

/// An archive as messages name it.
pub(super) fn name(path: &Path) -> String {
    if path == Path::new("-") {
        "standard input".into()
    } else {
        format!("\"{}\"", path.display())
    }
}
