//! Options of the archive that is kept of what is cloned.

use std::path::{Path, PathBuf};

use anyhow::bail;
use clap::{Args, ValueHint};
use pgdumprs::{DatabaseClone, Dump};

use crate::args::compression::CompressionArgs;
use crate::progress::Verbosity;

#[derive(Debug, Args)]
#[command(next_help_heading = "Keeping an archive")]
pub(super) struct ArchiveArgs {
    /// Keep an archive of the very same snapshot in this file, which is what a dump would write
    ///
    /// Every row is read once for both. The target does not wait for the archive: what comes before its turn goes into a temporary file in the archive's
    /// folder. The file has its name when it is complete, whatever has become of the target; without it, the clone is not complete.
    #[arg(long, value_name = "FILENAME", value_hint = ValueHint::FilePath)]
    archive: Option<PathBuf>,

    #[command(flatten)]
    compression: CompressionArgs,

    /// Do not wait until the archive is safe on disk
    #[arg(long)]
    no_sync: bool,
}

impl ArchiveArgs {
    /// Checks that the options go together.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        if self.archive.as_deref() == Some(Path::new("-")) {
            bail!("the archive of a clone goes into a file: option --archive names it");
        }
        let of_archives = [
            (self.compression.is_given(), "-Z/--compress"),
            (self.no_sync, "--no-sync"),
        ];
        match of_archives.iter().find(|(is_given, _)| *is_given) {
            Some((_, option)) if self.archive.is_none() => {
                bail!("option {option} is for the archive that --archive keeps")
            }
            _ => Ok(()),
        }
    }

    /// Tells `dump` how the archive is written.
    pub(super) fn write(&self, dump: Dump, verbosity: Verbosity) -> anyhow::Result<Dump> {
        let dump = dump.sync(!self.no_sync);
        Ok(match self.compression.compression(verbosity)? {
            Some(compression) => dump.compression(compression),
            None => dump,
        })
    }

    /// Tells `clone` of the archive.
    pub(super) fn keep(&self, clone: DatabaseClone) -> DatabaseClone {
        match &self.archive {
            Some(path) => clone.archive(path),
            None => clone,
        }
    }
}
