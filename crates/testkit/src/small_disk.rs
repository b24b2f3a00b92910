//! A disk that fills up.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use tempfile::TempDir;

use crate::{Database, Server};

/// A file system in memory, of a few megabytes, for tablespaces of a server. Only root may mount one; it is gone when this is dropped.
#[derive(Debug)]
pub struct SmallDisk(TempDir);

impl SmallDisk {
    /// Mounts one of so many bytes, which the server may write to.
    ///
    /// # Errors
    ///
    /// When it cannot be mounted, as by any user but root.
    pub fn of(server: &Server, bytes: u64) -> Result<SmallDisk> {
        let disk = SmallDisk(tempfile::tempdir()?);
        let place = disk.0.path();
        // Others must get through to it.
        fs::set_permissions(place, fs::Permissions::from_mode(0o755))?;
        disk.mount(&["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])?;
        let owner = fs::metadata(server.data_dir())?;
        chown(place, Some(owner.uid()), Some(owner.gid()))?;
        Ok(disk)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Moves a database to it, by a tablespace of this name.
    ///
    /// # Errors
    ///
    /// When there is no room for it.
    pub fn take(&self, database: &Database, tablespace: &str) -> Result<()> {
        let place = self.0.path().display();
        let name = database.name();
        let of_server = database.server().database();
        of_server.try_execute_sql(format!("CREATE TABLESPACE {tablespace} LOCATION '{place}'"))?;
        of_server.try_execute_sql(format!("ALTER DATABASE {name} SET TABLESPACE {tablespace}"))
    }

    /// Gives it another size.
    ///
    /// # Errors
    ///
    /// When more than that is on it.
    pub fn resize(&self, bytes: u64) -> Result<()> {
        self.mount(&["-o", &format!("remount,size={bytes}")])
    }

    fn mount(&self, how: &[&str]) -> Result<()> {
        let mut command = Command::new("mount");
        let mounted = command.args(how).arg(self.0.path()).status();
        ensure!(
            mounted.context("running mount")?.success(),
            "mount {how:?} failed: only root may"
        );
        Ok(())
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0.path()).status();
    }
}
