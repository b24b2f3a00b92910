//! The script that restores an archive, as `pg_restore -f` writes it.

use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::Path;

use pgdumprs_archive::Reader;
use pgdumprs_plan::Plan;
use pgdumprs_script::{Script, TextOptions, Warning, WriteError, write_text};

use crate::blocking::blocking;
use crate::counted::Counted;
use crate::created::created_text;
use crate::output::{Output, open_stream, sync};
use crate::plain::not_written;
use crate::writing::Pace;
use crate::{Adapt, AdaptedEntry, Error, Plain};

/// The script of SQL that restores an archive.
///
/// ```
/// use pgdumprs::archive::Reader;
/// use pgdumprs::{ArchiveScript, Plain};
///
/// # async fn example(archive: &std::path::Path, script: &std::path::Path) -> Result<(), Box<dyn std::error::Error>> {
/// let mut plain = Plain::default();
/// plain.options.clean = true;
/// plain.options.if_exists = true;
/// let reader = Reader::open_path(archive)?;
/// ArchiveScript::new(reader, &plain)?.to_file(script).await?;
/// # Ok(())
/// # }
/// ```
pub struct ArchiveScript<R: Read = File> {
    reader: Reader<R>,
    script: Script,
    text: TextOptions,
}

impl<R: Read + Send + 'static> ArchiveScript<R> {
    /// Decides what of an archive is restored, and how.
    ///
    /// # Errors
    ///
    /// [`Error::Script`], where the options contradict each other or the archive, or it holds what no script can say.
    pub fn new(reader: Reader<R>, plain: &Plain) -> Result<Self, Error> {
        let script = Script::new(reader.header(), reader.entries(), &plain.options)?;
        let text = plain.text(reader.header().created);
        Ok(Self {
            reader,
            script,
            text,
        })
    }

    /// Writes roles and schemas of extensions by the names that `adapt` has for them, and tells of the entries that name them. All else that
    /// may be adapted depends on a server, and stays.
    pub fn rename(&mut self, adapt: &Adapt) -> Vec<AdaptedEntry> {
        let (renamed, told) = Plan::renamed(&self.script, adapt);
        self.script = renamed;
        let entries = self.script.entries();
        let told = told.into_iter().map(|(at, adaptations)| AdaptedEntry {
            dump_id: entries[at].dump_id,
            name: entries[at].label(),
            adaptations,
        });
        told.collect()
    }

    /// What is odd about the script, but does not prevent it.
    pub fn warnings(&self) -> &[Warning] {
        self.script.warnings()
    }

    /// Writes the script into a file, which appears under its name when it is complete and synced, and not otherwise. As with
    /// [`Dump::to_file`](crate::Dump::to_file), a file that cannot be replaced is written in place, and so are pipes and devices.
    ///
    /// Dropping the future gives it up, and an unfinished file is removed.
    ///
    /// # Errors
    ///
    /// [`Error::Reading`], where the archive is damaged; [`Error::NotWritten`], [`Error::Output`] and [`Error::NotInPlace`], where the
    /// file cannot be written.
    pub async fn to_file(self, path: impl AsRef<Path>) -> Result<(), Error> {
        write_file(path.as_ref(), move |file| self.write(file)).await
    }

    /// Writes the table of contents of what is restored, in its order, as `pg_restore -l` prints it. With `verbose` all entries are
    /// listed, with what they depend on.
    ///
    /// # Errors
    ///
    /// Whatever `output` reports.
    pub fn write_list(&self, verbose: bool, output: &mut impl Write) -> io::Result<()> {
        let listed = self.script.listed();
        let listed = listed.filter(|(_, parts)| verbose || !parts.is_empty());
        let created = created_text(self.reader.header().created);
        let entries = listed.map(|(entry, _)| entry);
        self.reader
            .write_list_of(entries, &created, verbose, output)
    }

    /// Writes the list of [`write_list`](Self::write_list) into a file, as [`to_file`](Self::to_file) does the script.
    ///
    /// # Errors
    ///
    /// As for [`to_file`](Self::to_file).
    pub async fn list_to_file(self, verbose: bool, path: impl AsRef<Path>) -> Result<(), Error> {
        let write = move |file| {
            let mut output = BufWriter::new(file);
            let written = self.write_list(verbose, &mut output);
            let written = written.and_then(|()| output.into_inner().map_err(Into::into));
            written.map_err(|source| Error::NotWritten { offset: 0, source })
        };
        write_file(path.as_ref(), write).await
    }

    /// Writes the script into a blocking writer, such as a pipe or [`std::io::Stdout`], and gives it back. What was written before an
    /// error is a script without its end.
    ///
    /// # Errors
    ///
    /// As for [`to_file`](Self::to_file).
    pub async fn to_std_writer<W: Write + Send + 'static>(self, output: W) -> Result<W, Error> {
        blocking(move || self.write(output)).await
    }

    fn write<W: Write>(mut self, output: W) -> Result<W, Error> {
        let mut output = BufWriter::new(Counted::new(output, Pace::default()));
        let written = write_text(&self.script, &self.text, &mut self.reader, &mut output);
        let written = written.and_then(|()| output.flush().map_err(WriteError::Output));
        let offset = output.get_ref().bytes();
        // After an error, what has not been written is not to be written any more.
        let (counted, _) = output.into_parts();
        match written {
            Ok(()) => Ok(counted.into_inner()),
            Err(WriteError::Data { dump_id, source }) => Err(Error::Reading { dump_id, source }),
            Err(error) => Err(not_written(offset, error)),
        }
    }
}

/// Has a file written, which appears under its name when it is complete and synced.
async fn write_file<F>(path: &Path, write: F) -> Result<(), Error>
where
    F: FnOnce(File) -> Result<File, Error> + Send + 'static,
{
    let (path, named) = (path.to_owned(), path.to_owned());
    if let Some(stream) = blocking(move || open_stream(&named)).await? {
        return blocking(move || write(stream)).await.map(drop);
    }
    let (new, file) = match Output::open(&path, false)? {
        Output::New(new, file) => (Some(new), file),
        Output::InPlace(file, _) => {
            let emptied = file.set_len(0);
            emptied.map_err(|source| Error::NotWritten { offset: 0, source })?;
            (None, file)
        }
    };
    // The names stay out of the threads: dropping the future removes the file, whatever the disk is at.
    blocking(move || {
        let file = write(file)?;
        sync(&file, &path)
    })
    .await?;
    match new {
        Some(new) => blocking(move || new.commit(true)).await,
        None => Ok(()),
    }
}
