//! The writing stage: a thread that takes steps and makes an archive or a script of them.

use std::io::{Seek, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pgdumprs_archive::{Compression, Entry, Header, Writer};
use pgdumprs_copy::{Step, Steps};

use crate::plain::{Plain, PlainWriter};
use crate::{Dump, Error};

/// What a dump is written as.
pub(crate) enum Form<W: Write> {
    Archive(Box<Writer<W>>),
    Plain(Box<PlainWriter<W>>),
}

/// What is to be written, and whoever watches that it is.
pub(crate) struct Contents {
    pub(crate) header: Header,
    pub(crate) entries: Vec<Entry>,
    pub(crate) pace: Pace,
}

/// How a dump's output is begun.
pub(crate) struct Beginning {
    /// What a script is like, where it is to be one.
    plain: Option<Plain>,
    compression: Compression,
}

impl Dump {
    /// How the output is begun.
    pub(crate) fn beginning(&self) -> Beginning {
        Beginning {
            plain: self.plain_form(),
            compression: self.compressed_by(),
        }
    }
}

impl Beginning {
    /// Begins the output.
    pub(crate) fn on<W: Write>(self, output: W, contents: Contents) -> Result<Form<W>, Error> {
        match self.plain {
            Some(plain) => {
                let writer = PlainWriter::begin(output, plain, self.compression, contents)?;
                Ok(Form::Plain(Box::new(writer)))
            }
            None => Writer::new(output, &contents.header, &contents.entries)
                .map(|writer| Form::Archive(Box::new(writer)))
                .map_err(Error::Archive),
        }
    }

    /// Begins the output where it can seek, so that an archive says where its data is.
    pub(crate) fn on_seekable<W: Write + Seek>(
        self,
        output: W,
        contents: Contents,
    ) -> Result<Form<W>, Error> {
        match self.plain {
            Some(_) => self.on(output, contents),
            None => Writer::seekable(output, &contents.header, &contents.entries)
                .map(|writer| Form::Archive(Box::new(writer)))
                .map_err(Error::Archive),
        }
    }
}

impl<W: Write> Form<W> {
    /// Writes the end, without which what was written is not complete, and gives back what it went to, with the number of its bytes.
    pub(crate) fn finish(self) -> Result<(W, u64), Error> {
        match self {
            Self::Archive(writer) => {
                let bytes = writer.position();
                let output = writer.finish().map_err(Error::Archive)?;
                Ok((output, bytes))
            }
            Self::Plain(writer) => writer.finish(),
        }
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
            let sizes = write_archive(&mut writer, steps, pace).map_err(Error::Archive)?;
            let form = Form::Archive(writer);
            Ok(Written { form, sizes })
        }
        Form::Plain(mut writer) => {
            let sizes = writer.write(steps)?;
            let form = Form::Plain(writer);
            Ok(Written { form, sizes })
        }
    }
}

/// Writes an archive's data, and says how much each entry has.
fn write_archive<W: Write>(
    writer: &mut Writer<W>,
    steps: Steps,
    pace: &Pace,
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
            Step::BeginLargeObject { oid } => writer.begin_blob(oid)?,
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
