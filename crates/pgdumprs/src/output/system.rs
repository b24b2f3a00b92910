//! What is done with files in a way of the system's own.

use std::fs::{File, Metadata};
use std::io;
use std::path::Path;

use fs4::TryLockError;

/// Gives a new file the owner and the permissions of the one that it will replace: who may not read last night's backup may not read this
/// one, and who may still can.
#[cfg(unix)]
pub(super) fn make_alike(file: &File, replaced: &Metadata) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt, fchown};
    let own = file.metadata()?;
    let user = Some(replaced.uid()).filter(|&user| user != own.uid());
    let group = Some(replaced.gid()).filter(|&group| group != own.gid());
    if user.is_some() || group.is_some() {
        fchown(file, user, group)?;
    }
    file.set_permissions(replaced.permissions())
}

/// A file that can be replaced has nothing here that a new one would lack but rights of its own, which the standard library does not tell: a
/// new file has those of its folder.
#[cfg(not(unix))]
pub(super) fn make_alike(_: &File, _: &Metadata) -> io::Result<()> {
    Ok(())
}

/// Opens what takes bytes though the system tells nothing of it.
#[cfg(unix)]
pub(super) fn open_device(_: &Path) -> Option<File> {
    None
}

/// Opens what takes bytes though the system tells nothing of it, such as `NUL` and named pipes.
#[cfg(not(unix))]
pub(super) fn open_device(path: &Path) -> Option<File> {
    let opened = File::options().write(true).open(path);
    opened.ok().filter(|file| file.metadata().is_err())
}

/// Whether something is mounted on a file, as containers do with single files: it cannot be replaced then. `false` where that is not known.
#[cfg(target_os = "linux")]
pub(super) fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, path, AtFlags::empty(), StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
pub(super) fn is_mount_point(_: &Path) -> bool {
    false
}

/// Syncs all of the file system that a folder is on.
#[cfg(target_os = "linux")]
pub(super) fn sync_file_system(folder: &Path) -> io::Result<()> {
    Ok(rustix::fs::syncfs(File::open(folder)?)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn sync_file_system(_: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Locks a file for this process as long as it is open, and tells whether nobody else had it locked.
///
/// # Errors
///
/// Where the file system has no locks, so that nobody can tell.
pub(crate) fn lock(file: &File) -> io::Result<bool> {
    match fs4::FileExt::try_lock(file) {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// Whether a file still has its name.
#[cfg(unix)]
pub(super) fn has_name(file: &File, _: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    Ok(file.metadata()?.nlink() > 0)
}

#[cfg(not(unix))]
pub(super) fn has_name(_: &File, path: &Path) -> io::Result<bool> {
    path.try_exists()
}
