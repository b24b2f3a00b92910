//! What is done in each system's way so that a file has its name, and keeps it.

use std::{io, path::Path};

/// Sees to it that the names in a folder are safe on disk.
///
/// Windows does not let folders be synced; its file systems keep a journal of names by themselves.
///
/// # Errors
/// Where the folder cannot be opened or synced.
#[cfg(unix)]
pub fn sync_folder(folder: &Path) -> io::Result<()> {
    std::fs::File::open(folder)?.sync_all()
}

/// Sees to it that the names in a folder are safe on disk, which the file system does here by itself.
///
/// # Errors
/// None.
#[cfg(not(unix))]
pub fn sync_folder(_: &Path) -> io::Result<()> {
    Ok(())
}

/// Makes a folder that only its owner may enter.
///
/// # Errors
/// Where it cannot be made, or is there.
#[cfg(unix)]
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;

    std::fs::DirBuilder::new().mode(0o700).create(folder)
}

/// Makes a folder, which those may enter whom the folder around it lets.
///
/// # Errors
/// Where it cannot be made, or is there.
#[cfg(not(unix))]
pub(crate) fn create_private_folder(folder: &Path) -> io::Result<()> {
    std::fs::create_dir(folder)
}

/// Gives a file the name `to` by `rename`.
///
/// On Windows, what another program has open may not be renamed or replaced. Programs that look for viruses or make backups open whatever is
/// new, so that `rename` is called again there, for ten seconds, as PostgreSQL does. Elsewhere it is called once.
///
/// # Errors
/// Those of `rename`.
#[cfg(unix)]
pub fn rename_to(_: &Path, mut rename: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    rename()
}

/// Gives a file the name `to` by `rename`, which is called again for ten seconds while another program has one of the files open.
///
/// # Errors
/// Those of `rename`.
#[cfg(not(unix))]
pub fn rename_to(to: &Path, mut rename: impl FnMut() -> io::Result<()>) -> io::Result<()> {
    use std::time::Duration;

    const TRIES: u32 = 100;
    const PAUSE: Duration = Duration::from_millis(100);
    // ERROR_ACCESS_DENIED, ERROR_SHARING_VIOLATION, ERROR_LOCK_VIOLATION.
    const IN_USE: [i32; 3] = [5, 32, 33];
    for _ in 1..TRIES {
        match rename() {
            // What a folder has for its name is refused in the same way, and for good.
            Err(error)
                if error
                    .raw_os_error()
                    .is_some_and(|code| IN_USE.contains(&code))
                    && !to.is_dir() => {}
            outcome => return outcome,
        }
        std::thread::sleep(PAUSE);
    }
    rename()
}
