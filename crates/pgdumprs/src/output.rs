//! Files that appear under their name only when they are complete, wherever that can be had.

pub(crate) mod folder;
pub(crate) mod making;
mod new_file;
mod output_file;
mod system;

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};

pub(crate) use making::Hold;
pub(crate) use new_file::NewFile;
pub(crate) use output_file::{Emptied, OutputFile};
pub(crate) use system::lock;

use crate::Error;
use crate::blocking::blocking;

/// How a file is written.
#[derive(Debug)]
pub(crate) enum Output {
    /// A file that gets the name when it is complete.
    New(NewFile, File),
    /// The file that is there, for the reason given: another cannot be put in its place.
    InPlace(File, String),
}

/// As many links as a system follows.
const MOST_LINKS: usize = 40;

/// Opens what stands under `path` where it is no file but takes bytes: a named pipe or a device such as `/dev/stdout`, in whose place
/// no file must be put. Waits for the reader of a named pipe.
///
/// # Errors
///
/// [`Error::Output`] where a folder has that name, or what takes bytes cannot be opened.
pub(crate) fn open_stream(path: &Path) -> Result<Option<File>, Error> {
    // What else cannot be looked at cannot be written to either, and the attempt will say why.
    let Ok(found) = path.metadata() else {
        return Ok(system::open_device(path));
    };
    if found.is_dir() {
        return Err(failed("open", path)(ErrorKind::IsADirectory.into()));
    }
    if found.is_file() {
        return Ok(None);
    }
    File::options()
        .write(true)
        .open(path)
        .map(Some)
        .map_err(failed("open", path))
}

impl Output {
    /// Finds out how the file `path` can be written, and begins with it. What opening it for writing would refuse is refused, though what is
    /// in it is not touched yet. Links are followed, also to what is not there yet. The file can be read back if `readable` says so.
    ///
    /// # Errors
    ///
    /// [`Error::Output`] where it cannot be written at all.
    pub(crate) fn open(path: &Path, readable: bool) -> Result<Self, Error> {
        let refused = |error: io::Error| failed("open", path)(error);
        let found = match path.metadata() {
            Err(error) if error.kind() == ErrorKind::NotFound => return Self::create(path),
            found => found.map_err(refused)?,
        };
        // As whoever creates files does, so that what a system allows in folders for everybody is the same.
        let mut options = File::options();
        let options = options.read(readable).write(true).create(true);
        let existing = options.truncate(false).open(path).map_err(refused)?;
        // A name without a place in a folder, such as that of an open file in /dev/fd, is no link that could be followed.
        let Ok(path) = dunce::canonicalize(path) else {
            return Ok(Self::InPlace(existing, "it has no folder".into()));
        };
        if system::is_mount_point(&path) {
            return Ok(Self::InPlace(existing, "it is a mount point".into()));
        }
        match NewFile::create(&path) {
            Ok((new, file)) => match system::make_alike(&file, &found) {
                Ok(()) => Ok(Self::New(new, file)),
                Err(error) => Ok(Self::InPlace(
                    existing,
                    format!("another would not have its owner ({})", error.kind()),
                )),
            },
            Err(error)
                if matches!(
                    error.kind(),
                    ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem
                ) =>
            {
                let reason = format!("no other can be made in its folder ({})", error.kind());
                Ok(Self::InPlace(existing, reason))
            }
            Err(error) => Err(failed("create a file in", folder_of(&path))(error)),
        }
    }

    /// Begins a file under a name that does not exist yet.
    fn create(path: &Path) -> Result<Self, Error> {
        let path = follow(path);
        let last = path.as_os_str().as_encoded_bytes().last();
        if last.is_some_and(|&byte| std::path::is_separator(byte.into())) {
            return Err(failed("open", &path)(ErrorKind::IsADirectory.into()));
        }
        if path.file_name().is_none() {
            return Err(failed("open", &path)(ErrorKind::NotFound.into()));
        }
        NewFile::create(&path)
            .map(|(new, file)| Self::New(new, file))
            .map_err(failed("create a file in", folder_of(&path)))
    }
}

/// Where a chain of links ends, whose end does not exist.
fn follow(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        let Ok(target) = path.read_link() else { break };
        path = folder_of(&path).join(target);
    }
    path
}

/// Writes a file of which all is in memory, as [`Output`] has it, or to the pipe or device that has the name.
///
/// # Errors
///
/// [`Error::Output`], and [`Error::NotInPlace`].
pub(crate) async fn write_whole(path: &Path, bytes: Vec<u8>, synced: bool) -> Result<(), Error> {
    let path = path.to_owned();
    blocking(move || {
        let failed = |error| failed("write", &path)(error);
        if let Some(mut stream) = open_stream(&path)? {
            return stream.write_all(&bytes).map_err(failed);
        }
        let (new, file) = match Output::open(&path, false)? {
            Output::New(new, file) => (Some(new), OutputFile::new(file)),
            Output::InPlace(file, _) => (None, OutputFile::in_place(file, Emptied::default())),
        };
        fill(&path, new, file, &bytes, synced)
    })
    .await
}

/// As [`write_whole`], a new file that its owner alone may read.
///
/// # Errors
///
/// [`Error::Output`], and [`Error::NotInPlace`].
pub(crate) async fn write_private(path: &Path, bytes: Vec<u8>, synced: bool) -> Result<(), Error> {
    let path = path.to_owned();
    blocking(move || {
        let created = NewFile::create_private(&path);
        let (new, file) = created.map_err(failed("create a file in", folder_of(&path)))?;
        fill(&path, Some(new), OutputFile::new(file), &bytes, synced)
    })
    .await
}

/// Writes all of a file, and gives a new one its name.
fn fill(
    path: &Path,
    new: Option<NewFile>,
    mut file: OutputFile,
    bytes: &[u8],
    synced: bool,
) -> Result<(), Error> {
    file.write_all(bytes)
        .and_then(|()| file.flush())
        .map_err(failed("write", path))?;
    if synced {
        sync(&file.into_inner(), path)?;
    }
    match new {
        Some(new) => new.commit(synced),
        None => Ok(()),
    }
}

/// Syncs the contents of what is, or will be, the file `path`.
pub(crate) fn sync(file: &File, path: &Path) -> Result<(), Error> {
    file.sync_all().map_err(failed("sync", path))
}

/// What is not there is removed.
pub(crate) fn gone(removed: io::Result<()>) -> io::Result<()> {
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

/// What could not be done to a file or a folder, by what the system says.
pub(crate) fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Error + 'a {
    move |source| Error::Output {
        action,
        path: path.to_owned(),
        source,
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}
