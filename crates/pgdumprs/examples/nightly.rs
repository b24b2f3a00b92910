//! A nightly job: a new backup in a folder, of which the last few are kept.
//!
//! ```console
//! $ cargo run -p pgdumprs --example nightly -- "host=/run/postgresql dbname=shop" /var/backups/shop 7
//! ```
//!
//! Old backups are removed only when the new one is complete and safe on disk, and only archives that have such names are counted and removed.

use std::path::Path;
use std::time::SystemTime;

use anyhow::{Context, bail, ensure};
use pgdumprs::{BackupTemplate, Compression, Dump, Prune, Report, Retention};

/// The names of our files.
const NAME: &str = "backup-%Y-%m-%dT%H-%M-%S.dump";

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [connection, folder, keep] = arguments.as_slice() else {
        bail!("usage: nightly CONNECTION FOLDER KEEP");
    };
    let keep = keep.parse().context("KEEP is not a number")?;
    let report = nightly(connection, Path::new(folder), keep, SystemTime::now()).await?;
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
    keep: u32,
    now: SystemTime,
) -> anyhow::Result<Report> {
    ensure!(keep > 0, "the new backup has to be kept at least");
    let folder = folder
        .to_str()
        .context("the folder's name is not Unicode")?;
    let template = BackupTemplate::new(&format!("{}/{NAME}", folder.replace('%', "%%")))?;
    let report = Dump::new(connection)?
        .compression(Compression::ZSTD)
        .to_file(template.name(now))
        .await?;
    // Under its name there is now a complete backup, so that others may go.
    let prune = Prune::new(template, Retention::default().last(keep));
    let pruned = prune.written(now).now(now).run().await?;
    if let Some((backup, reason)) = pruned.failed().next() {
        bail!("could not remove {}: {reason}", backup.name);
    }
    Ok(report)
}
