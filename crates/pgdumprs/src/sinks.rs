//! Where an archive goes: a file, a writer of any kind, a stream.

use std::io::{self, Seek, Write};
use std::path::Path;
use std::time::Instant;

use pgdumprs_archive::Error as ArchiveError;
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tracing::{Instrument, debug_span};

use crate::archive_stream::ArchiveStream;
use crate::blocking::blocking;
use crate::output::{Emptied, NewFile, Output, OutputFile, open_stream, sync};
use crate::pipe::pipe;
use crate::verify::verify_file;
use crate::{Dump, Error, Event, Report};

/// Dropping a future before it is done gives the dump up: what the server does for it is cancelled, its connections are closed, and an
/// unfinished file is removed. None of that blocks; a process that is to end then should call
/// [`wait_for_cancels`](crate::wait_for_cancels()) first.
impl Dump {
    /// Dumps into a file, which appears under its name when it is complete and synced, and not otherwise. Links are followed, and a file
    /// that is replaced keeps its owner and its permissions. One that cannot be replaced so, since it is a mount point or its folder cannot
    /// be written to, is written in place: it is emptied when the data begins to come, and an [`Event::Hint`] says so. What has the name of
    /// a pipe or of a device is written to as by [`Dump::to_std_writer`].
    ///
    /// What dumps that were killed have left under hidden names beside that of the file is removed.
    ///
    /// ```
    /// use pgdumprs::{Compression, Dump};
    ///
    /// # async fn example(connection: &str, folder: &std::path::Path) -> Result<(), pgdumprs::Error> {
    /// let report = Dump::new(connection)?
    ///     .jobs(4)
    ///     .compression(Compression::ZSTD)
    ///     .exclude_table_data("audit.*")
    ///     .to_file(folder.join("shop.dump"))
    ///     .await?;
    /// for table in &report.table_reports {
    ///     println!("{}: {} rows, {} bytes", table.name, table.rows, table.compressed_bytes);
    /// }
    /// # Ok(())
    /// # }
    /// # let database = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE).database();
    /// # let folder = tempfile::tempdir().unwrap();
    /// # let runtime = tokio::runtime::Runtime::new().unwrap();
    /// # runtime.block_on(example(&database.conninfo(), folder.path())).unwrap();
    /// # assert!(folder.path().join("shop.dump").exists());
    /// ```
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; the file that had the name before, if any, is still there then. Where it is written in place and had been
    /// emptied, an [`Event::Warning`] says so, and readers find what it holds truncated. [`Error::NotInPlace`] names
    /// where a complete archive is that cannot have its name.
    #[tracing::instrument(name = "dump", skip_all)]
    pub async fn to_file(mut self, path: impl AsRef<Path>) -> Result<Report, Error> {
        let started = Instant::now();
        self.check(true)?;
        let path = path.as_ref().to_owned();
        let named = path.clone();
        // A pipe is opened when somebody reads it.
        if let Some(stream) = blocking(move || open_stream(&named)).await? {
            self.check(false)?;
            let begin = self.beginning();
            let (_, report) = self.run(move |contents| begin.on(stream, contents)).await?;
            return Ok(report);
        }
        // What cannot be written to is better known before the server is asked for anything.
        let (new, file) = match Output::open(&path, self.verify)? {
            Output::New(new, file) => (Some(new), file),
            Output::InPlace(file, reason) => {
                self.watch.tell(Event::Hint(format!(
                    "\"{}\" is written in place, as {reason}: what is in it is lost if the dump fails",
                    path.display()
                )));
                (None, file)
            }
        };
        let emptied = Emptied::default();
        let file = match new {
            Some(_) => OutputFile::new(file),
            None => OutputFile::in_place(file, emptied.clone()),
        };
        let outcome = self.fill(file, new, &path).await;
        if outcome.is_err() && emptied.is_so() {
            self.watch.tell(Event::Warning(format!(
                "\"{}\" was written in place: what it holds now is not an archive to rely on",
                path.display()
            )));
        }
        let mut report = outcome?;
        report.elapsed = started.elapsed();
        Ok(report)
    }

    /// Dumps into an async writer, such as a socket or a child's standard input. It is flushed at the end and not shut down: where closing
    /// it is what makes the archive count, as with an upload, lend it as `&mut writer` and shut it down after success only.
    ///
    /// ```
    /// use pgdumprs::Dump;
    ///
    /// # async fn example(connection: &str) -> Result<(), Box<dyn std::error::Error>> {
    /// let mut child = tokio::process::Command::new("wc")
    ///     .arg("-c")
    ///     .stdin(std::process::Stdio::piped())
    ///     .spawn()?;
    /// let input = child.stdin.take().ok_or("it has no standard input")?;
    /// let report = Dump::new(connection)?.to_writer(input).await?;
    /// println!("{} bytes were written", report.archive_bytes);
    /// child.wait().await?;
    /// # Ok(())
    /// # }
    /// # let database = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE).database();
    /// # let runtime = tokio::runtime::Runtime::new().unwrap();
    /// # runtime.block_on(example(&database.conninfo())).unwrap();
    /// ```
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; what was written until then is a truncated archive, and readers find it so.
    #[tracing::instrument(name = "dump", skip_all)]
    pub async fn to_writer<W>(mut self, mut output: W) -> Result<Report, Error>
    where
        W: AsyncWrite + Unpin,
    {
        let started = Instant::now();
        self.check(false)?;
        let (writer, mut reader) = pipe();
        let begin = self.beginning();
        let dumping = async {
            let (_, report) = self.run(move |contents| begin.on(writer, contents)).await?;
            Ok::<_, Error>(report)
        };
        let writing = async {
            let mut offset = 0;
            while let Some(piece) = reader.next().await {
                let written = output.write_all(&piece).await;
                written.map_err(|source| not_written(offset, source))?;
                offset += piece.len() as u64;
            }
            let flushed = output.flush().await;
            flushed.map_err(|source| not_written(offset, source))
        };
        // Whichever fails gives the other up: a writer that takes nothing does not keep a failed dump from ending.
        let (mut report, ()) = tokio::try_join!(dumping, writing)?;
        report.elapsed = started.elapsed();
        Ok(report)
    }

    /// Dumps into a blocking writer, such as a pipe or [`std::io::Stdout`], and gives it back. It is in the hands of a thread of its own,
    /// which drops it after the call of [`Write::write`] that it is in, if any, where the dump is given up or something else than the
    /// writer fails.
    ///
    /// # Errors
    ///
    /// As for [`Dump::to_writer`].
    #[tracing::instrument(name = "dump", skip_all)]
    pub async fn to_std_writer<W>(mut self, output: W) -> Result<(W, Report), Error>
    where
        W: Write + Send + 'static,
    {
        self.check(false)?;
        let begin = self.beginning();
        self.run(move |contents| begin.on(output, contents)).await
    }

    /// Dumps into a blocking writer that can seek, from where it stands, and gives it back. As in a file, the archive says where each
    /// table's data is, so that `pg_restore` can restore a part of it without reading the rest, or all of it over several connections.
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`]; what was written until then is a truncated archive, and readers find it so.
    #[tracing::instrument(name = "dump", skip_all)]
    pub async fn to_seekable<W>(mut self, output: W) -> Result<(W, Report), Error>
    where
        W: Write + Seek + Send + 'static,
    {
        self.check(false)?;
        let begin = self.beginning();
        self.run(move |contents| begin.on_seekable(output, contents, || {}))
            .await
    }

    /// The archive as a stream of pieces, such as the bodies of HTTP requests and responses are made of. It begins when it is first polled,
    /// in a task of its own, and is cancelled when it is dropped.
    ///
    /// Where the dump fails, the stream's last item is the error: whoever passes the pieces on must not end then as if that were all.
    ///
    /// ```
    /// use pgdumprs::Dump;
    ///
    /// # async fn example(connection: &str) -> Result<(), pgdumprs::Error> {
    /// let mut archive = Dump::new(connection)?.to_stream();
    /// let mut size = 0;
    /// while let Some(piece) = archive.next().await {
    ///     size += piece?.len() as u64;
    /// }
    /// assert_eq!(archive.report().map(|report| report.archive_bytes), Some(size));
    /// # Ok(())
    /// # }
    /// # let database = pgdumprs_testkit::Server::get(pgdumprs_testkit::Major::REFERENCE).database();
    /// # let runtime = tokio::runtime::Runtime::new().unwrap();
    /// # runtime.block_on(example(&database.conninfo())).unwrap();
    /// ```
    pub fn to_stream(self) -> ArchiveStream {
        ArchiveStream::new(self)
    }

    /// Dumps into a file, which is given its name then.
    async fn fill(
        &mut self,
        file: OutputFile,
        new: Option<NewFile>,
        path: &Path,
    ) -> Result<Report, Error> {
        let begin = self.beginning();
        let (file, mut report) = self
            .run(move |contents| begin.on_seekable(file, contents, || {}))
            .await?;
        let mut file = file.into_inner();
        if self.verify {
            self.watch.tell(Event::Verifying);
            (file, report) = blocking(move || {
                verify_file(&mut file, &report)?;
                Ok::<_, Error>((file, report))
            })
            .instrument(debug_span!("verify"))
            .await?;
        }
        let synced = self.sync;
        async {
            if synced {
                self.watch.tell(Event::Syncing);
                let path = path.to_owned();
                // The names stay in here: dropping the future removes the file, whatever the disk is at.
                blocking(move || sync(&file, &path)).await?;
            }
            match new {
                Some(new) => blocking(move || new.commit(synced)).await,
                None => Ok(()),
            }
        }
        .instrument(debug_span!("commit"))
        .await?;
        Ok(report)
    }
}

/// The error of an output at so many bytes.
fn not_written(offset: u64, source: io::Error) -> Error {
    Error::Archive(ArchiveError::Write { offset, source })
}
