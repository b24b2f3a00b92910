//! Where the files of a server's dump go: a folder, by names.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bstr::ByteSlice;

use crate::blocking::blocking;
use crate::file_sum::FileSum;
use crate::output::folder::sync_name;
use crate::output::{write_private, write_whole};
use crate::{Dump, Error, Report};

/// A folder that takes files by their names. All that is written of a server goes through this, and nothing else knows that it is a folder.
#[derive(Clone, Debug)]
pub(super) struct Place {
    folder: PathBuf,
    synced: bool,
}

impl Place {
    /// Makes the folder, for its owner alone, since there are passwords in it; or takes the one that is there, if it is empty.
    pub(super) fn begin(folder: &Path, synced: bool) -> Result<Self, Error> {
        let failed = |action| move |source| output_error(action, folder, source);
        match make(folder) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            made => {
                made.map_err(failed("make the folder"))?;
                if synced {
                    sync_name(folder)?;
                }
            }
        }
        let mut found = fs::read_dir(folder).map_err(failed("look into"))?;
        if found.next().is_some() {
            let full = io::Error::from(io::ErrorKind::DirectoryNotEmpty);
            return Err(output_error("write into", folder, full));
        }
        Ok(Self {
            folder: folder.to_owned(),
            synced,
        })
    }

    /// Writes a file of which all is in memory.
    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        write_whole(&self.folder.join(name), bytes, self.synced).await
    }

    /// As [`Place::put`], for the folder's owner alone, whoever may look into the folder.
    pub(super) async fn put_private(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        write_private(&self.folder.join(name), bytes, self.synced).await
    }

    /// Writes an archive.
    pub(super) async fn dump(&self, name: &str, dump: Dump) -> Result<Report, Error> {
        dump.to_file(self.folder.join(name)).await
    }

    /// Reads a file and tells what it is known by.
    pub(super) async fn sum(&self, name: &str) -> Result<FileSum, Error> {
        let path = self.folder.join(name);
        blocking(move || {
            FileSum::of(&path).map_err(|source| output_error("read back", &path, source))
        })
        .await
    }
}

fn output_error(action: &'static str, path: &Path, source: io::Error) -> Error {
    Error::Output {
        action,
        path: path.to_owned(),
        source,
    }
}

#[cfg(unix)]
fn make(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make(folder: &Path) -> io::Result<()> {
    fs::create_dir(folder)
}

/// The name of a database's file. What is not a small letter, a digit or one of `_-.` stands as `%` and two digits, so that no two databases
/// have one file where the case of letters makes no difference.
pub(super) fn file_name(database: &[u8]) -> String {
    let mut name = String::new();
    for (at, &byte) in database.as_bytes().iter().enumerate() {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'_' => name.push(char::from(byte)),
            b'-' | b'.' if at > 0 => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
    }
    name + ".dump"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_no_two_are_one() {
        for (database, expected) in [
            ("shop", "shop.dump"),
            ("Shop", "%53hop.dump"),
            ("../etc", "%2E.%2Fetc.dump"),
            ("a b\n", "a%20b%0A.dump"),
            ("-x", "%2Dx.dump"),
            ("%53hop", "%2553hop.dump"),
            ("ü", "%C3%BC.dump"),
        ] {
            assert_eq!(file_name(database.as_bytes()), expected);
        }
        let longest = file_name(&[0xff; 63]);
        assert!(longest.len() < 200, "{longest}");
    }
}
