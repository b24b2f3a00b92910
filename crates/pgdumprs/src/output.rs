//! Files that appear under their name only when they are complete.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::Error;

/// The names of a file in the making: it is written beside its final name, and removed when this is dropped before
/// [`OutputFile::commit`], whoever has it open.
#[derive(Debug)]
pub(crate) struct OutputFile {
    partial: TempPath,
    path: PathBuf,
}

/// Opens what stands under `path` where it is no file but takes bytes: a named pipe or a device such as `/dev/stdout`, in whose place
/// no file must be put. Waits for the reader of a named pipe.
///
/// # Errors
///
/// Where a folder has that name, or what takes bytes cannot be opened.
pub(crate) fn open_stream(path: &Path) -> Result<Option<File>, Error> {
    // What cannot be looked at cannot be written to either, and the attempt will say why.
    let Ok(found) = path.metadata() else {
        return Ok(None);
    };
    if found.is_dir() {
        return Err(failed("open", path)(io::ErrorKind::IsADirectory.into()));
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

impl OutputFile {
    /// Starts a file in the folder of `path`, with the permissions of the file that it will replace, or else those that a new file there
    /// would have. Where `path` is a link to a file, that file is the one to be replaced.
    pub(crate) fn create(path: &Path) -> Result<(Self, File), Error> {
        let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = folder_of(&path);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pgdumprs-").suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The process's umask takes its part away, as it does for any new file.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let (file, partial) = builder
            .tempfile_in(folder)
            .map_err(failed("create a file in", folder))?
            .into_parts();
        if let Ok(replaced) = path.metadata() {
            // Who may not read last night's backup may not read this one.
            file.set_permissions(replaced.permissions())
                .map_err(failed("set the permissions of a file in", folder))?;
        }
        Ok((Self { partial, path }, file))
    }

    /// Gives the file its name in place of whatever had that name before, and syncs the folder if `sync` says so.
    pub(crate) fn commit(self, sync: bool) -> Result<(), Error> {
        let Self { partial, path } = self;
        partial
            .persist(&path)
            .map_err(|error| failed("create", &path)(error.error))?;
        if !sync {
            return Ok(());
        }
        File::open(folder_of(&path))
            .and_then(|folder| folder.sync_all())
            .map_err(failed("sync the folder of", &path))
    }
}

/// Syncs the contents of what will be the file `path`.
pub(crate) fn sync(file: &File, path: &Path) -> Result<(), Error> {
    file.sync_all().map_err(failed("sync", path))
}

fn failed<'a>(action: &'static str, path: &'a Path) -> impl Fn(io::Error) -> Error + 'a {
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
