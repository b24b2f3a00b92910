//! Data directories as initdb leaves them, made once and copied for each server.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::SUPERUSER;
use super::account::Account;
use crate::provision::{Installation, cache_dir, create_open, lock};
use crate::tools::{checked_output, clean_environment};

/// Copies a fresh data directory to `target`, which must not exist.
pub(super) fn copy_to(target: &Path, installation: &Installation, account: Account) -> Result<()> {
    let template = find_or_make(installation, account)?;
    let mut copy = Command::new("cp");
    // Where the file system can share blocks, the copy is free.
    copy.args(["-R", "--reflink=auto"])
        .arg(template)
        .arg(target);
    account.act(&mut copy);
    checked_output(&mut copy)?;
    // A server insists that nobody else can read its data.
    checked_output(Command::new("chmod").arg("700").arg(target))?;
    Ok(())
}

fn find_or_make(installation: &Installation, account: Account) -> Result<PathBuf> {
    let folder = cache_dir()?.join("templates");
    // The name holds all that the content depends on, and initdb's folder gets it only once
    // complete.
    let name = format!("{}-user{}", installation.folder_name(), account.uid());
    let template = folder.join(&name);
    if template.exists() {
        return Ok(template);
    }
    create_open(&folder)?;
    let _lock = lock(&folder.join(format!("{name}.lock")))?;
    if template.exists() {
        return Ok(template);
    }
    let unfinished = folder.join(format!("{name}.unfinished"));
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished)
            .with_context(|| format!("removing {}", unfinished.display()))?;
    }
    fs::create_dir(&unfinished).with_context(|| format!("creating {}", unfinished.display()))?;
    account.give(&unfinished)?;
    let mut initdb = Command::new(installation.server_bin().join("initdb"));
    clean_environment(&mut initdb);
    // Small WAL segments make the copy small.
    initdb
        .args(["--no-sync", "--wal-segsize=1", "--auth=trust"])
        .args(["--encoding=UTF8", "--locale=C"])
        .args(["--username", SUPERUSER, "--pgdata"])
        .arg(&unfinished)
        .current_dir("/");
    account.act(&mut initdb);
    checked_output(&mut initdb)?;
    fs::rename(&unfinished, &template)
        .with_context(|| format!("renaming {}", unfinished.display()))?;
    Ok(template)
}
