//! The archive that is kept of what is cloned.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use pgdumprs_archive::{Entry, Header};
use pgdumprs_connect::Session;
use pgdumprs_copy::{Archiving, Error as Cause, Opening, Plan, Settings, Supply, Supplying};
use tracing::debug_span;

use super::CloneError;
use crate::blocking::blocking;
use crate::output::{NewFile, Output, sync};
use crate::sealed::Sealed;
use crate::writing::{Contents, Pace, Written, write_steps};
use crate::{Dump, Error, Event};

/// The archive that was kept of what was cloned.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeptArchive {
    /// Its file.
    pub path: PathBuf,
    /// Its size.
    pub bytes: u64,
}

/// Where an archive is to be written.
pub(super) struct Place {
    new: NewFile,
    file: File,
    /// Takes what comes before its turn.
    aside: File,
    path: PathBuf,
}

impl Place {
    /// Begins the file, before a server is asked for anything.
    ///
    /// # Errors
    ///
    /// [`CloneError::Archive`] where it cannot be written, or the one that is there cannot be replaced: one that is written in place would be lost where
    /// the clone is refused. [`CloneError::Unfit`] where it would be no file.
    pub(super) fn open(path: &Path) -> Result<Self, CloneError> {
        if path.metadata().is_ok_and(|there| !there.is_file()) {
            return Err(CloneError::Unfit {
                what: "archive in a folder, a pipe or a device, but in a file",
            });
        }
        let failed = |action, source| {
            let path = path.to_owned();
            CloneError::archive(Error::Output {
                action,
                path,
                source,
            })
        };
        let (new, file) = match Output::open(path, false).map_err(CloneError::archive)? {
            Output::New(new, file) => (new, file),
            Output::InPlace(_, reason) => {
                return Err(failed("replace", io::Error::other(reason)));
            }
        };
        let folder = path.parent().filter(|folder| *folder != Path::new(""));
        let aside = tempfile::tempfile_in(folder.unwrap_or(Path::new(".")));
        let aside = aside.map_err(|source| failed("create a temporary file beside", source))?;
        let path = path.to_owned();
        Ok(Self {
            new,
            file,
            aside,
            path,
        })
    }

    /// Begins to read over these connections and to write what is read.
    ///
    /// # Errors
    ///
    /// [`CloneError::Archive`] where there is no thread for it.
    pub(super) fn begin(
        self,
        dump: &mut Dump,
        leader: Session,
        mut others: Vec<Opening>,
        (header, entries, data): (Header, Vec<Entry>, Plan),
    ) -> Result<(Supply, Supplying, Keeping), CloneError> {
        let Self {
            new,
            file,
            aside,
            path,
        } = self;
        let settings = Settings {
            compression: dump.compressed_by(),
            in_files: false,
            memory: dump.memory,
        };
        let most = settings.most_connections();
        if others.len() >= most {
            dump.watch.tell(Event::Warning(format!(
                "this compression of the archive takes so much memory that {most} of {} connections read the source",
                others.len() + 1
            )));
            others.truncate(most - 1);
        }
        let (begin, span) = (dump.beginning(), debug_span!("write"));
        let on_disk = data.bytes();
        let write = move |steps| {
            let pace = Pace::default();
            let contents = Contents {
                header,
                entries,
                pace: pace.clone(),
                on_disk,
            };
            span.in_scope(|| write_steps(begin.on_seekable(file, contents, || {})?, steps, &pace))
        };
        let begun = Supply::archiving(leader, others, data, settings, aside, write);
        let (supply, supplying, archiving) =
            begun.map_err(|error| CloneError::archive(Error::Copy(Cause::Thread(error))))?;
        let keeping = Keeping {
            new,
            path,
            archiving,
        };
        Ok((supply, supplying, keeping))
    }
}

/// An archive that is being written. Where it is dropped, there is none.
pub(super) struct Keeping {
    new: NewFile,
    path: PathBuf,
    archiving: Archiving<Result<Written<Sealed<File>>, Error>>,
}

impl Keeping {
    /// Gives the file its name, if it is proved that all of it is one state of the source.
    pub(super) async fn finish(
        self,
        dump: &mut Dump,
        is_proved: bool,
    ) -> Result<KeptArchive, Error> {
        let Self {
            new,
            path,
            archiving,
        } = self;
        let form = match archiving.end().await {
            // Where reading ended since the writer did, the writer knows why.
            (Err(Cause::WriterStopped | Cause::NotAllRead) | Ok(()), Err(error)) => {
                return Err(error);
            }
            (Err(error), _) => return Err(Error::Copy(error)),
            (Ok(()), Ok(_)) if !is_proved => return Err(Error::Copy(Cause::NotAllRead)),
            (Ok(()), Ok(Written { form, .. })) => form,
        };
        let (file, bytes) = blocking(move || form.finish()).await?;
        let synced = dump.sync;
        if synced {
            dump.watch.tell(Event::Syncing);
            let path = path.clone();
            // The names stay in here: dropping the future removes the file, whatever the disk is at.
            blocking(move || sync(&file, &path)).await?;
        }
        blocking(move || new.commit(synced)).await?;
        Ok(KeptArchive { path, bytes })
    }
}
