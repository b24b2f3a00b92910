//! A nightly job: a new backup in a folder, of which the last few are kept.
//!
//! ```console
//! $ cargo run -p pgdumprs --example nightly -- "host=/run/postgresql dbname=shop" /var/backups/shop 7
//! ```
//!
//! Old backups are removed only when the new one is complete and safe on disk, and only files that this job has made are counted and removed.

use std::path::{Path, PathBuf};

use anyhow::{Context, ensure};
use jiff::civil::DateTime;
use pgdumprs::{Compression, Dump, Report};

/// The names of our files, as times: what is sorted by name is sorted by time.
const NAME: &str = "backup-%Y-%m-%dT%H-%M-%S.dump";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [connection, folder, keep] = arguments.as_slice() else {
        anyhow::bail!("usage: nightly CONNECTION FOLDER KEEP");
    };
    let keep = keep.parse().context("KEEP is not a number")?;
    let now = jiff::Zoned::now().datetime();
    let report = nightly(connection, Path::new(folder), keep, now).await?;
    println!(
        "{} tables, {} rows, {} bytes in {:.1?}",
        report.tables, report.rows, report.archive_bytes, report.elapsed
    );
    Ok(())
}

/// Makes a backup in `folder` and then removes all but the last `keep` of them.
pub(crate) async fn nightly(
    connection: &str,
    folder: &Path,
    keep: usize,
    now: DateTime,
) -> anyhow::Result<Report> {
    ensure!(keep > 0, "the new backup has to be kept at least");
    let file = folder.join(now.strftime(NAME).to_string());
    let report = Dump::new(connection)?
        .compression(Compression::ZSTD)
        .to_file(&file)
        .await?;
    // Under its name there is now a complete backup, so that others may go.
    let backups = backups(folder)?;
    for old in &backups[..backups.len().saturating_sub(keep)] {
        std::fs::remove_file(old).with_context(|| format!("could not remove {}", old.display()))?;
    }
    Ok(report)
}

/// The backups in a folder, oldest first.
fn backups(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let mut backups = Vec::new();
    for file in std::fs::read_dir(folder)? {
        let file = file?;
        let name = file.file_name();
        // Whoever can be read as a time and written again is ours; `backup-before-migration.dump` is not.
        let is_ours = name.to_str().is_some_and(|name| {
            DateTime::strptime(NAME, name).is_ok_and(|time| time.strftime(NAME).to_string() == name)
        });
        if is_ours && file.file_type()?.is_file() {
            backups.push(file.path());
        }
    }
    backups.sort();
    Ok(backups)
}
