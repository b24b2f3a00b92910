//! What tells an archive from another that has got its name.

use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;
use std::{fs, io};

#[cfg(feature = "object-store")]
use pgdumprs_store::ObjectReader;

use super::{ArchiveSource, Place};

/// What tells an archive from another that has got its name.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Version {
    /// A file's length, and when it was written.
    File(u64, SystemTime),
    /// The same of each file of a folder, by their names: of those that may be an archive's, since others may come and go.
    Folder(Vec<(OsString, u64, SystemTime)>),
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
            Place::Path(path) => of_path(path).unwrap_or(Version::Unknown),
            #[cfg(feature = "object-store")]
            Place::Object(place) => match ObjectReader::open(place) {
                Ok(object) => Version::Object(object.length(), object.etag().map(str::to_owned)),
                Err(_) => Version::Unknown,
            },
            Place::Open(_) => Version::Unknown,
        }
    }

    /// What has its name now, where that is a folder. Blocks.
    pub(crate) fn version_of_folder(&self) -> Option<Version> {
        self.folder().map(|_| self.version())
    }
}

fn of_path(path: &Path) -> io::Result<Version> {
    let found = path.metadata()?;
    if !found.is_dir() {
        return Ok(Version::File(found.len(), found.modified()?));
    }
    let mut files = Vec::new();
    for entry in fs::read_dir(path)? {
        let entry = entry?;
        let name = entry.file_name();
        if may_be_of_archive(&name.to_string_lossy()) {
            let found = entry.metadata()?;
            files.push((name, found.len(), found.modified()?));
        }
    }
    files.sort_unstable();
    Ok(Version::Folder(files))
}

/// Whether a file is called as one of an archive in the directory format: `toc.dat`, `3506.dat.gz`, `blob_16385.dat`, `blobs_12.toc`.
fn may_be_of_archive(name: &str) -> bool {
    name.contains(".dat") || name.contains(".toc")
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn every_file_of_a_folder_tells_and_no_other_does() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in ["toc.dat", "3506.dat.gz", "blob_1.dat", "SHA256SUMS"] {
            fs::write(path(name), "a").unwrap();
        }
        let source = ArchiveSource::path(folder.path());
        let before = source.version();
        assert!(matches!(&before, Version::Folder(files) if files.len() == 3));
        fs::write(path("SHA256SUMS"), "ab").unwrap();
        fs::create_dir(path("other")).unwrap();
        assert_eq!(source.version(), before);
        for change in [
            |path: &Path| fs::write(path, "ab").unwrap(),
            |path: &Path| fs::remove_file(path).unwrap(),
            // Of the same length, written at another time.
            |path: &Path| {
                fs::write(path, "b").unwrap();
                let file = fs::File::options().write(true).open(path).unwrap();
                file.set_modified(SystemTime::UNIX_EPOCH).unwrap();
            },
        ] {
            change(&path("blob_1.dat"));
            assert_ne!(source.version(), before);
        }
    }
}
