//! What every server and pooler needs to live: a port, a folder, files in it.

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

/// Creates a folder that belongs to an account and lets everybody reach the sockets in it.
pub(super) fn folder(prefix: &str, account: Account) -> Result<TempDir> {
    let folder = tempfile::Builder::new()
        .prefix(prefix)
        .permissions(fs::Permissions::from_mode(0o755))
        .tempdir()
        .context("creating a folder for a server")?;
    account.give(folder.path())?;
    Ok(folder)
}

/// Writes a file that an account alone may read.
pub(super) fn write_for(account: Account, path: &Path, content: &[u8]) -> Result<()> {
    fs::write(path, content).with_context(|| format!("writing {}", path.display()))?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o600))?;
    account.give(path)
}
