//! An archive in the directory format: a folder with a file for each table.

use std::path::Path;
use std::time::Instant;

use tracing::{Instrument, debug_span};

use crate::blocking::blocking;
use crate::output::folder;
use crate::verify::verify_folder;
use crate::writing::Beginning;
use crate::{Dump, Error, Event, Report};

impl Dump {
    /// Dumps into a folder with a file for each table and each large object, as `pg_dump -Fd` does: an archive in the directory format.
    /// The folder is made here, or is there and empty. It is an archive when all is complete and synced: its table of contents, `toc.dat`,
    /// comes last, and without that nothing reads it.
    ///
    /// Dropping the future gives the dump up, as with the others: the files are removed, and the folder if it was made here.
    ///
    /// ```
    /// use pgdumprs::{Compression, Dump};
    ///
    /// # async fn example(connection: &str, folder: &std::path::Path) -> Result<(), pgdumprs::Error> {
    /// let report = Dump::new(connection)?
    ///     .compression(Compression::ZSTD)
    ///     .to_directory(folder.join("shop"))
    ///     .await?;
    /// println!("{} bytes in all files", report.archive_bytes);
    /// # Ok(())
    /// # }
    /// # let database = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE).database();
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let runtime = tokio::runtime::Runtime::new().unwrap();
    /// # runtime.block_on(example(&database.conninfo(), folder.path())).unwrap();
    /// # assert!(folder.path().join("shop/toc.dat").exists());
    /// ```
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; the folder is as it was before then, or gone. [`Error::NoDirectory`] for a script and the tar format.
    #[tracing::instrument(name = "dump", skip_all)]
    pub async fn to_directory(self, path: impl AsRef<Path>) -> Result<Report, Error> {
        let started = Instant::now();
        let mut dump = self.into_directory()?;
        let path = path.as_ref().to_owned();
        // What cannot be written to is better known before the server is asked for anything.
        let folder = blocking(move || folder::begin(&path)).await?;
        let files = folder.files();
        let write = move |contents| Beginning::in_folder(&files, &contents);
        let (_, mut report) = dump.run(write).await?;
        if dump.verify {
            dump.watch.tell(Event::Verifying);
            let files = folder.files();
            report = blocking(move || verify_folder(&files, &report).map(|()| report))
                .instrument(debug_span!("verify"))
                .await?;
        }
        let (synced, method) = (dump.sync, dump.sync_method);
        async {
            if synced {
                dump.watch.tell(Event::Syncing);
                // The folder stays in here: dropping the future removes the files, whatever the disk is at.
                let path = folder.path().to_owned();
                blocking(move || folder::sync(&path, method)).await?;
            }
            blocking(move || folder::commit(folder, synced)).await
        }
        .instrument(debug_span!("commit"))
        .await?;
        report.elapsed = started.elapsed();
        Ok(report)
    }
}
