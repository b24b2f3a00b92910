//! The writing stage: a thread that takes steps and makes an archive or a script of them.

use std::io::{Seek, Sink, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pgdumprs_archive::{Compression, Entry, FolderFiles, Header, Writer};
use pgdumprs_copy::{Step, Steps};

use crate::member_script::MemberScript;
use crate::plain::{Plain, PlainWriter};
use crate::product::Product;
use crate::sealed::{Ending, Recipients, Sealed};
use crate::{Dump, Error};

/// A dump that is being written.
pub(crate) enum Form<W: Write> {
    Archive(Box<Writer<W>>),
    /// An archive in the tar format, with the script that goes beside it.
    Tar(Box<Writer<W>>, Box<MemberScript>),
    Plain(Box<PlainWriter<W>>),
}

/// What is to be written, and whoever watches that it is.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) pace: Pace,
    /// How many bytes the data has on the server's disk.
    #[cfg_attr(
        not(feature = "object-store"),
        expect(dead_code, reason = "uploads alone ask")
    )]
    pub(crate) on_disk: u64,
}

/// How a dump's output is begun.
pub(crate) struct Beginning {
    kind: Kind,
    compression: Compression,
    recipients: Option<Recipients>,
}

/// What goes into one file, or into files of a folder.
enum Kind {
    Archive,
    Tar(Plain),
    Script(Plain),
}

impl Dump {
    /// How the output is begun.
    pub(crate) fn beginning(&self) -> Beginning {
        let kind = match (&self.product, self.script_form()) {
            (Product::Tar(_), Some(plain)) => Kind::Tar(plain),
            (_, Some(plain)) => Kind::Script(plain),
            (_, None) => Kind::Archive,
        };
        Beginning {
            kind,
            compression: self.compressed_by(),
            recipients: self.recipients.clone(),
        }
    }
}

impl Beginning {
    /// Begins the output.
    pub(crate) fn on<W: Write>(
        self,
        output: W,
        contents: Contents,
    ) -> Result<Form<Sealed<W>>, Error> {
        let output = Sealed::streaming(output, self.recipients.as_ref())?;
        self.begin(output, contents, Writer::new, Writer::tar)
    }

    /// Begins the output where it can seek, so that an archive says where its data is. `head_ended` is told when what is written at the end once more has
    /// been written for the first time.
    pub(crate) fn on_seekable<W: Write + Seek>(
        self,
        output: W,
        contents: Contents,
        head_ended: impl FnOnce() + Send + 'static,
    ) -> Result<Form<Sealed<W>>, Error> {
        // The lengths in a tar file stand all over it, and what was encrypted is not written again.
        if self.recipients.is_some() && !matches!(self.kind, Kind::Archive) {
            return self.on(output, contents);
        }
        let (output, ends) = Sealed::seekable(output, self.recipients.as_ref(), head_ended)?;
        let form = self.begin(output, contents, Writer::seekable, Writer::seekable_tar)?;
        ends();
        Ok(form)
    }

    /// Begins the output in a folder.
    pub(crate) fn in_folder(files: &FolderFiles, contents: &Contents) -> Result<Form<Sink>, Error> {
        Writer::directory(files, &contents.header, &contents.entries)
            .map(|writer| Form::Archive(Box::new(writer)))
            .map_err(Error::Archive)
    }

    fn begin<W: Write>(
        self,
        output: W,
        contents: Contents,
        archive: impl FnOnce(W, &Header, &[Entry]) -> pgdumprs_archive::Result<Writer<W>>,
        tar: impl FnOnce(W, &Header, &[Entry]) -> pgdumprs_archive::Result<Writer<W>>,
    ) -> Result<Form<W>, Error> {
        let (header, entries) = (&contents.header, &contents.entries);
        match self.kind {
            Kind::Archive => {
                let writer = archive(output, header, entries).map_err(Error::Archive)?;
                Ok(Form::Archive(Box::new(writer)))
            }
            Kind::Tar(plain) => {
                let script = MemberScript::new(header, entries, plain)?;
                let writer = tar(output, header, entries).map_err(Error::Archive)?;
                Ok(Form::Tar(Box::new(writer), Box::new(script)))
            }
            Kind::Script(plain) => {
                let writer = PlainWriter::begin(output, plain, self.compression, contents)?;
                Ok(Form::Plain(Box::new(writer)))
            }
        }
    }
}

impl<W: Ending> Form<W> {
    /// Writes the end, without which what was written is not complete, and gives back what it went to, with the number of its bytes.
    pub(crate) fn finish(self) -> Result<(W::Output, u64), Error> {
        let (output, bytes) = match self {
            Self::Archive(writer) => writer.finish_counted().map_err(Error::Archive)?,
            Self::Tar(mut writer, script) => {
                let put = writer.put_script(&script.text());
                put.and_then(|()| writer.finish_counted())
                    .map_err(Error::Archive)?
            }
            Self::Plain(writer) => writer.finish()?,
        };
        let ended = output.end(bytes);
        ended.map_err(|source| Error::NotWritten {
            offset: bytes,
            source,
        })
    }
}

/// A dump with all that steps have put into it, not yet finished.
pub(crate) struct Written<W: Write> {
    pub(crate) form: Form<W>,
    /// The entries that have data, in order, and its bytes, compressed.
    pub(crate) sizes: Vec<(i32, u64)>,
}

/// Since when the output has been taking what it was given last. Clones are one.
#[derive(Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<Option<Instant>>>);

impl Pace {
    /// Writes something, with the clock running.
    pub(crate) fn time<T>(&self, write: impl FnOnce() -> T) -> T {
        self.set(Some(Instant::now()));
        let written = write();
        self.set(None);
        written
    }

    /// Waits until the output has been taking one thing for so long.
    pub(crate) async fn stalled_for(&self, long: Duration) {
        let since = || *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        while since().is_none_or(|since| since.elapsed() < long) {
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
    }

    fn set(&self, since: Option<Instant>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = since;
    }
}

/// Writes steps until there are no more. Gives the output back unfinished: only whoever knows that they were all there may finish it.
pub(crate) fn write_steps<W: Write>(
    form: Form<W>,
    steps: Steps,
    pace: &Pace,
) -> Result<Written<W>, Error> {
    match form {
        Form::Archive(mut writer) => {
            let written = write_archive(&mut writer, steps, pace, |_, _| {});
            let sizes = written.map_err(Error::Archive)?;
            let form = Form::Archive(writer);
            Ok(Written { form, sizes })
        }
        Form::Tar(mut writer, mut script) => {
            let note = |dump_id, oid| script.has_object(dump_id, oid);
            let written = write_archive(&mut writer, steps, pace, note);
            let sizes = written.map_err(Error::Archive)?;
            let form = Form::Tar(writer, script);
            Ok(Written { form, sizes })
        }
        Form::Plain(mut writer) => {
            let sizes = writer.write(steps)?;
            let form = Form::Plain(writer);
            Ok(Written { form, sizes })
        }
    }
}

/// Writes an archive's data, and says how much each entry has. `note` is told of each large object, and of the entry that it belongs to.
fn write_archive<W: Write>(
    writer: &mut Writer<W>,
    steps: Steps,
    pace: &Pace,
    mut note: impl FnMut(i32, u32),
) -> Result<Vec<(i32, u64)>, pgdumprs_archive::Error> {
    let mut sizes = Vec::new();
    let (mut open, mut size) = (0, 0);
    for step in steps {
        match step {
            Step::BeginTable { dump_id } => {
                (open, size) = (dump_id, 0);
                writer.begin_data(dump_id)?;
            }
            Step::BeginLargeObjects { dump_id } => {
                (open, size) = (dump_id, 0);
                writer.begin_blobs(dump_id)?;
            }
            Step::BeginLargeObject { oid } => {
                note(open, oid);
                writer.begin_blob(oid)?;
            }
            Step::Chunk(payload) => {
                size += payload.len() as u64;
                pace.time(|| writer.write_chunk(&payload))?;
            }
            Step::EndLargeObject => writer.end_blob()?,
            Step::EndBlock => {
                sizes.push((open, size));
                writer.end()?;
            }
        }
    }
    Ok(sizes)
}
