//! What tells an archive from another that has got its name.

use std::path::Path;
use std::time::SystemTime;

#[cfg(feature = "object-store")]
use pgdumprs_store::ObjectReader;

use super::{ArchiveSource, Place};

/// What tells an archive from another that has got its name. Of a folder, it is that of its table of contents.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// A file's length, and when it was written.
    File(u64, SystemTime),
    /// An object's length, and what the store calls its content.
    #[cfg(feature = "object-store")]
    Object(u64, Option<String>),
    /// It is not there, or does not tell.
    Unknown,
}

impl ArchiveSource {
    /// What has its name now. Blocks.
    pub(crate) fn version(&self) -> Version {
        match self.place() {
            Place::Path(path) => of_file(path),
            #[cfg(feature = "object-store")]
            Place::Object(place) => match ObjectReader::open(place) {
                Ok(object) => Version::Object(object.length(), object.etag().map(str::to_owned)),
                Err(_) => Version::Unknown,
            },
            Place::Open(_) => Version::Unknown,
        }
    }
}

fn of_file(path: &Path) -> Version {
    let contents = path.join("toc.dat");
    let file = if contents.exists() { &contents } else { path };
    let found = file
        .metadata()
        .and_then(|found| Ok((found.len(), found.modified()?)));
    match found {
        Ok((length, modified)) => Version::File(length, modified),
        Err(_) => Version::Unknown,
    }
}
