//! What every server and pooler needs to live: a port, a folder, files in it.

use std::env;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};
use tempfile::TempDir;

use super::account::Account;

/// How often to look for another port when the one found was taken before it was used.
const PORT_ATTEMPTS: u32 = 5;

/// Starts something on a port that nobody listens on, and on another one where somebody was faster.
pub(super) fn on_free_port<T>(start: impl Fn(u16) -> Result<T>) -> Result<T> {
    let mut attempt = 1;
    loop {
        match start(free_port()?) {
            Err(error)
                if attempt < PORT_ATTEMPTS
                    && format!("{error:#}").contains("Address already in use") =>
            {
                attempt += 1;
            }
            outcome => return outcome,
        }
    }
}

fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("looking for a free port")?;
    Ok(listener.local_addr()?.port())
}

/// A file system in memory that Linux has.
const MEMORY: &str = "/dev/shm";

/// Bytes of memory that must be free for servers to be put there: all of a test's take far less.
const ROOM: u64 = 8 << 30;

/// Creates a folder that belongs to an account and lets everybody reach the sockets in it.
///
/// It is in memory, unless it is to be on disk or there is little room: databases are hundreds of files each, which tests make and drop all
/// the time, and file systems on disk spend more on that than the servers do.
pub(super) fn folder(prefix: &str, account: Account, on_disk: bool) -> Result<TempDir> {
    let parent = match !on_disk && has_room_in_memory() {
        true => Path::new(MEMORY).to_owned(),
        false => env::temp_dir(),
    };
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir_in(parent)
        .context("creating a folder for a server")?;
    account.give(folder.path())?;
    Ok(folder)
}

/// Whether servers find room in memory. Large databases are never put there.
fn has_room_in_memory() -> bool {
    if env::var_os("PGDUMPRS_SCALE").is_some() {
        return false;
    }
    let Ok(system) = rustix::fs::statvfs(MEMORY) else {
        return false;
    };
    let free = system.f_bavail.saturating_mul(system.f_frsize);
    free >= ROOM && available_memory().is_some_and(|available| available >= ROOM)
}

/// Bytes of memory that can be had without swapping.
fn available_memory() -> Option<u64> {
    let known = fs::read_to_string("/proc/meminfo").ok()?;
    let line = known
        .lines()
        .find_map(|line| line.strip_prefix("MemAvailable:"))?;
    let kib: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kib << 10)
}

/// Writes a file that an account alone may read.
pub(super) fn write_for(account: Account, path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    account.give(path)
}
