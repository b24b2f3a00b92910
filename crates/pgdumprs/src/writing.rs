//! The writing stage: a thread that takes steps and makes an archive of them.

use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use pgdumprs_archive::{Error, Writer};
use pgdumprs_copy::{Step, Steps};

/// An archive with all that steps have put into it, not yet finished.
pub(crate) struct Written<W: Write> {
    pub(crate) writer: Writer<W>,
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

/// Writes steps until there are no more. Gives the archive back unfinished: only whoever knows that they were all there may finish it.
pub(crate) fn write_steps<W: Write>(
    mut writer: Writer<W>,
    steps: Steps,
    pace: &Pace,
) -> Result<Written<W>, Error> {
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
    Ok(Written { writer, sizes })
}
