//! Files in the making in a folder: whose names they will have, and whether somebody is still at them.
//!
//! A process that is killed leaves them behind. Whoever makes a file keeps it locked, so that others know what the dead have left from what
//! the living still write, also among machines that share a file system with locks.

use std::ffi::{OsStr, OsString};
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

use tempfile::TempPath;

use super::{failed, folder_of, system};
use crate::Error;

/// What the name of a file in the making ends with.
pub(super) const ENDING: &str = ".partial";
/// What stands between the name that it will have and some letters of its own.
const MARK: &str = ".pgdumprs-";
/// As much of a final name as the name of a file in the making holds: names have 255 bytes at most.
const LONGEST_NAME: usize = 200;

/// What the names begin with of files in the making that will have this name.
pub(super) fn beginning(name: &OsStr) -> OsString {
    let mut beginning = OsString::from(".");
    beginning.push(shortened(name));
    beginning.push(MARK);
    beginning
}

/// As much of a name as leaves room for an ending.
pub(super) fn shortened(name: &OsStr) -> OsString {
    if name.len() <= LONGEST_NAME {
        return name.to_owned();
    }
    let text = name.to_string_lossy();
    let end = (0..=LONGEST_NAME)
        .rev()
        .find(|&at| text.is_char_boundary(at));
    text[..end.unwrap_or(0)].into()
}

/// The name that a file in the making will have, or the beginning of a very long one; nothing for other files.
pub(crate) fn name_to_be(file: &str) -> Option<&str> {
    let (name, _) = file.strip_suffix(ENDING)?.rsplit_once(MARK)?;
    name.strip_prefix('.').filter(|name| !name.is_empty())
}

/// Whether a file is in the making that will have this name.
pub(crate) fn is_to_be(file: &str, name: &str) -> bool {
    let name = shortened(OsStr::new(name));
    name_to_be(file).is_some_and(|found| *name == *found)
}

/// Whether nobody is at a file in the making any more. One that is gone is nobody's.
///
/// # Errors
///
/// Where nobody can tell: it cannot be opened for writing, or its file system has no locks.
pub(crate) fn is_dead(path: &Path) -> io::Result<bool> {
    match of_the_dead(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        found => found.map(|found| found.is_some()),
    }
}

/// Removes a file in the making, unless somebody is at it: then it says so.
///
/// # Errors
///
/// As [`is_dead`], and where it cannot be removed.
pub(crate) fn remove_dead(path: &Path) -> io::Result<bool> {
    match of_the_dead(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
        Ok(None) => Ok(false),
        // It stays locked until it is gone.
        Ok(Some(_locked)) => fs::remove_file(path).map(|()| true),
    }
}

/// A file in the making that nobody is at, locked.
fn of_the_dead(path: &Path) -> io::Result<Option<File>> {
    if !fs::symlink_metadata(path)?.is_file() {
        return Err(io::Error::other("it is no regular file"));
    }
    // Network file systems lock only what is open for writing.
    let file = File::options().read(true).write(true).open(path)?;
    Ok(system::lock(&file)?.then_some(file))
}

/// Keeps a folder of several files to one process: an empty file in the making of that which names the others, there and locked until this is
/// dropped. It tells others at any moment that somebody is at the folder.
#[derive(Debug)]
pub(crate) struct Hold {
    // Removed before it is closed, by which its lock is gone.
    _name: TempPath,
    _file: File,
}

impl Hold {
    /// How often somebody who only looks whether it is locked is waited for, and how long.
    const TRIES: u32 = 5;
    const PAUSE: Duration = Duration::from_millis(20);

    /// Takes the folder of `list` to write a dump into it.
    ///
    /// # Errors
    ///
    /// [`Error::Output`], where another dump is writing into it, or no file can be made there.
    pub(crate) fn to_write(list: &Path) -> Result<Self, Error> {
        let folder = folder_of(list);
        let hold = Self::of(list).map_err(failed("create a file in", folder))?;
        hold.ok_or_else(|| {
            let reason = io::Error::other("another dump is writing into it");
            failed("write into", folder)(reason)
        })
    }

    /// Takes the folder of `list`; nothing where somebody else has it. Where a file system has no locks, it is everybody's.
    pub(crate) fn of(list: &Path) -> io::Result<Option<Self>> {
        let path = Self::path(list);
        let mut options = File::options();
        options.read(true).write(true).create(true).truncate(false);
        let mut tries = 0;
        loop {
            let file = options.open(&path)?;
            if !system::lock(&file).unwrap_or(true) {
                tries += 1;
                if tries == Self::TRIES {
                    return Ok(None);
                }
                thread::sleep(Self::PAUSE);
                continue;
            }
            // The one who had it may have removed it before it was locked here.
            if system::has_name(&file, &path)? {
                return Ok(Some(Self {
                    _name: TempPath::try_from_path(path)?,
                    _file: file,
                }));
            }
        }
    }

    /// The names of all that is in the folder of `list`, but for the file by which it is kept.
    pub(crate) fn others(list: &Path) -> io::Result<Vec<String>> {
        let own = Self::path(list);
        let mut names = Vec::new();
        for entry in fs::read_dir(folder_of(list))? {
            let name = entry?.file_name();
            if Some(name.as_os_str()) != own.file_name() {
                names.push(name.to_string_lossy().into_owned());
            }
        }
        Ok(names)
    }

    /// The file by which the folder of `list` is kept.
    pub(crate) fn path(list: &Path) -> PathBuf {
        let mut name = beginning(list.file_name().unwrap_or_default());
        name.push("running");
        name.push(ENDING);
        list.with_file_name(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_to_be_is_in_the_name() {
        assert_eq!(
            name_to_be(".a.pgdumprs-b.dump.pgdumprs-AAAAAA.partial"),
            Some("a.pgdumprs-b.dump")
        );
        for other in [
            "shop.dump.pgdumprs-AAAAAA.partial",
            ".shop.dump.partial",
            ".shop.dump.pgdumprs-AAAAAA",
            "..pgdumprs-AAAAAA.partial",
        ] {
            assert_eq!(name_to_be(other), None, "{other}");
        }
        let long = "x".repeat(250);
        let begun = format!(".{}.pgdumprs-AAAAAA.partial", &long[..LONGEST_NAME]);
        assert!(is_to_be(&begun, &long) && !is_to_be(&begun, &long[1..100]));
    }

    #[test]
    fn a_folder_is_one_processs_until_that_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("list.json");
        // One that was killed has left it.
        fs::write(Hold::path(&list), "").unwrap();
        assert!(is_dead(&Hold::path(&list)).unwrap());
        let hold = Hold::of(&list).unwrap().unwrap();
        assert!(!is_dead(&Hold::path(&list)).unwrap());
        assert!(!remove_dead(&Hold::path(&list)).unwrap());
        assert!(Hold::of(&list).unwrap().is_none());
        drop(hold);
        assert!(!Hold::path(&list).exists());
        let second = Hold::of(&list).unwrap().unwrap();
        assert!(is_to_be(
            Hold::path(&list).file_name().unwrap().to_str().unwrap(),
            "list.json"
        ));
        drop(second);
        assert!(fs::read_dir(folder.path()).unwrap().next().is_none());
    }
}
