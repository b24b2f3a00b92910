//! The whole server as one script for psql, as pg_dumpall writes it.

use std::io::{self, Write};
use std::path::Path;

use bstr::{BString, ByteSlice};

use super::ServerDump;
use super::choice::Listed;
use super::event::ServerDumpEvent;
use super::script::Frame;
use crate::blocking::blocking;
use crate::output::{Emptied, Output, OutputFile, open_stream, sync};
use crate::sealed::{Ending, Sealed};
use crate::{Error, Plain};

/// Databases that every server has: they are connected to rather than made.
const BUILT_IN: [&str; 2] = ["postgres", "template1"];

impl ServerDump {
    /// Dumps the whole server as a script for psql, as `pg_dumpall` does: the globals, and each database after the other. What the script is like is said
    /// to the [`Dump`](crate::Dump), by [`Dump::plain`](crate::Dump::plain). Gives the writer back, which has all of it then.
    ///
    /// # Errors
    ///
    /// Every kind of [`Error`], those of a database as [`Error::OfDatabase`]; what was written until then has no end that says that it is complete.
    pub async fn to_std_writer<W>(mut self, output: W) -> Result<W, Error>
    where
        W: Write + Send + 'static,
    {
        let plain = self.dump.product.script().cloned().unwrap_or_default();
        let frame = Frame::new(plain.restrict_key.clone(), plain.verbose);
        let mut session = self.connect().await?;
        let Listed { open, chosen, .. } = self.list(&mut session).await?;
        let globals = self.read_globals(&mut session).await?;
        self.dump.params = session.at_same_server(&self.dump.params);
        session.close().await;
        let dropped: Vec<_> = open
            .into_iter()
            .filter(|row| !is_built_in(&row.name))
            .map(|row| row.name)
            .collect();
        let mut text = frame.opening(&globals.encoding_name);
        text.extend_from_slice(&self.render_globals(&globals, &plain, Some(&dropped)));
        text.extend_from_slice(frame.closing().as_bytes());
        text.extend_from_slice(b"--\n-- Databases\n--\n\n");
        // All of it together, and not each database's part.
        let output = Sealed::streaming(output, self.dump.recipients.take().as_ref())?;
        let mut output = write(output, text.into()).await?;
        for row in chosen {
            output = self.database(output, row.name, &plain, &frame).await?;
        }
        let output = write(output, frame.ending().into()).await?;
        let (output, _) = blocking(move || output.end(0).map_err(failed)).await?;
        flush(output).await
    }

    /// As [`ServerDump::to_std_writer`], into a file that appears when it is complete, as that of [`Dump::to_file`](crate::Dump::to_file) does.
    ///
    /// # Errors
    ///
    /// As for [`ServerDump::to_std_writer`], and [`Error::Output`] and [`Error::NotInPlace`].
    pub async fn to_script_file(self, path: impl AsRef<Path>) -> Result<(), Error> {
        let path = path.as_ref().to_owned();
        let synced = self.dump.sync;
        let named = path.clone();
        if let Some(stream) = blocking(move || open_stream(&named)).await? {
            self.to_std_writer(stream).await?;
            return Ok(());
        }
        let (new, file) = match Output::open(&path, false)? {
            Output::New(new, file) => (Some(new), OutputFile::new(file)),
            Output::InPlace(file, _) => (None, OutputFile::in_place(file, Emptied::default())),
        };
        let file = self.to_std_writer(file).await?;
        blocking(move || {
            if synced {
                sync(&file.into_inner(), &path)?;
            }
            match new {
                Some(new) => new.commit(synced),
                None => Ok(()),
            }
        })
        .await
    }

    /// Writes a database's part of the script.
    async fn database<W>(
        &self,
        output: W,
        database: BString,
        plain: &Plain,
        frame: &Frame,
    ) -> Result<W, Error>
    where
        W: Write + Send + 'static,
    {
        let shown = database.replace("\n", " ").replace("\r", " ");
        let mut heading = b"--\n-- Database \"".to_vec();
        heading.extend_from_slice(&shown);
        heading.extend_from_slice(b"\" dump\n--\n\n");
        let is_built_in = is_built_in(&database);
        if is_built_in && !plain.options.clean {
            heading.extend_from_slice(b"\\connect ");
            heading.extend_from_slice(&database);
            heading.extend_from_slice(b"\n\n");
        }
        let output = write(output, heading).await?;
        let mut of_database = plain.clone();
        of_database.restrict_key = Some(frame.key());
        // Others are dropped at the script's beginning.
        of_database.options.create = plain.options.clean || !is_built_in;
        of_database.options.clean = plain.options.clean && is_built_in;
        of_database.options.if_exists = false;
        self.watchers.tell(&ServerDumpEvent::Begun {
            database: database.clone(),
            connections: self.dump.connections(),
        });
        let mut params = self.dump.params.clone();
        let Ok(name) = database.to_str() else {
            return Err(Error::DatabaseName { name: database });
        };
        params.set_dbname(name);
        let (of, watchers) = (database.clone(), self.watchers.clone());
        let dump = self
            .dump
            .like(params)
            .plain(of_database)
            .watch(move |event| {
                let database = of.clone();
                watchers.tell(&ServerDumpEvent::Told { database, event });
            });
        match dump.to_std_writer(output).await {
            Ok((output, report)) => {
                self.watchers.tell(&ServerDumpEvent::Complete {
                    database,
                    rows: report.rows,
                    archive_bytes: report.archive_bytes,
                });
                Ok(output)
            }
            Err(source) => Err(Error::OfDatabase {
                name: database,
                source: Box::new(source),
            }),
        }
    }
}

fn is_built_in(name: &BString) -> bool {
    BUILT_IN.iter().any(|built_in| name == built_in)
}

/// Writes beside the async executor: a pipe's reader may take its time.
pub(super) async fn write<W: Write + Send + 'static>(
    mut output: W,
    text: Vec<u8>,
) -> Result<W, Error> {
    blocking(move || {
        output.write_all(&text).map_err(failed)?;
        Ok(output)
    })
    .await
}

/// Has everything that was written leave the process.
pub(super) async fn flush<W: Write + Send + 'static>(mut output: W) -> Result<W, Error> {
    blocking(move || {
        output.flush().map_err(failed)?;
        Ok(output)
    })
    .await
}

fn failed(source: io::Error) -> Error {
    Error::ScriptOutput(source)
}
