//! Files that appear under their name only when they are complete.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::Error;

/// A file in the making: written beside its final name, and removed when it is dropped before [`OutputFile::commit`].
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: NamedTempFile,
    path: PathBuf,
}

/// Opens what stands under `path` where it is no file but takes bytes: a named pipe or a device such as `/dev/stdout`, in whose place
/// no file must be put.
///
/// # Errors
///
/// Where a folder has that name, or what takes bytes cannot be opened.
pub(crate) fn open_stream(path: &Path) -> Result<Option<File>, Error> {
    let failed = |source| Error::Output {
        action: "open",
        path: path.to_owned(),
        source,
    };
    // What cannot be looked at cannot be written to either, and the attempt will say why.
    let Ok(found) = path.metadata() else {
        return Ok(None);
    };
    if found.is_dir() {
        return Err(failed(io::ErrorKind::IsADirectory.into()));
    }
    if found.is_file() {
        return Ok(None);
    }
    File::options()
        .write(true)
        .open(path)
        .map(Some)
        .map_err(failed)
}

impl OutputFile {
    /// Starts a file in the folder of `path`, with the permissions that a file made there would have. Where `path` is a link to a file,
    /// that file is the one to be replaced.
    pub(crate) fn create(path: &Path) -> Result<Self, Error> {
        let path = &path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = folder_of(path);
        let mut builder = tempfile::Builder::new();
        builder.prefix(".pgdumprs-").suffix(".partial");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            // The process's umask takes its part away, as it does for any new file.
            builder.permissions(std::fs::Permissions::from_mode(0o666));
        }
        let file = builder
            .tempfile_in(folder)
            .map_err(|source| Error::Output {
                action: "create a file in",
                path: folder.to_owned(),
                source,
            })?;
        Ok(Self {
            file,
            path: path.to_owned(),
        })
    }

    /// Syncs the file, gives it its name in place of whatever had that name before, and syncs the folder; or only names it.
    pub(crate) fn commit(self, sync: bool) -> Result<(), Error> {
        let Self { file, path } = self;
        let failed = |action, source| Error::Output {
            action,
            path: path.clone(),
            source,
        };
        if sync {
            file.as_file()
                .sync_all()
                .map_err(|source| failed("sync", source))?;
        }
        file.persist(&path)
            .map_err(|error| failed("create", error.error))?;
        if !sync {
            return Ok(());
        }
        let folder = folder_of(&path);
        File::open(folder)
            .and_then(|folder| folder.sync_all())
            .map_err(|source| failed("sync the folder of", source))
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Seek for OutputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
