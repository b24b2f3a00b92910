//! Jobs in, steps out, in the same order.

use bytes::Bytes;
use pgdumprs_archive::Compression;
use pgdumprs_connect::Session;
use tokio::sync::mpsc::{self, Sender};

use crate::compress::{Raw, compress};
use crate::{Error, Job, Progress, Step, Summary, Work, large_object, table};

/// Pieces of at most 256 KiB that may wait to be compressed.
const RAW_QUEUE: usize = 16;

/// COPY statements that are sent before the first of them has been read, so that the server goes from one table to the next without
/// waiting for us. Their results wait in the connection's own buffers.
const AHEAD: usize = 64;

/// The reading stage's end of the queue to the compressing stage.
pub(crate) struct Feed(Sender<Raw>);

impl Feed {
    async fn send(&self, raw: Raw) -> Result<(), Error> {
        self.0.send(raw).await.map_err(|_| Error::WriterStopped)
    }

    pub(crate) async fn step(&self, step: Step) -> Result<(), Error> {
        self.send(Raw::Step(step)).await
    }

    pub(crate) async fn data(&self, bytes: Bytes) -> Result<(), Error> {
        self.send(Raw::Data(bytes)).await
    }

    pub(crate) async fn end_stream(&self, then: Step) -> Result<(), Error> {
        self.send(Raw::EndStream(then)).await
    }
}

/// Copies the data of `jobs`, in their order, over one session whose transaction is open.
///
/// Steps go to `steps` as they become ready; the caller must take them at the same time. `watch` is told of progress.
///
/// # Errors
///
/// [`Error::Table`] and [`Error::LargeObject`] name what was being read; [`Error::WriterStopped`] means that the receiver of the
/// steps was dropped, and that its error is the one to report.
pub async fn run(
    session: &mut Session,
    jobs: &[Job],
    compression: Compression,
    steps: Sender<Step>,
    mut watch: impl FnMut(Progress) + Send,
) -> Result<Summary, Error> {
    let (sender, receiver) = mpsc::channel(RAW_QUEUE);
    let compressing = tokio::task::spawn_blocking(move || compress(receiver, compression, &steps));
    let read = read_all(session, jobs, Feed(sender), &mut watch).await;
    // The reading stage has dropped its end of the queue by now, so this waits for what is left in it and no longer.
    let compressed = compressing
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
    match (read, compressed) {
        // Where the reader only noticed that the compressing stage was gone, that stage knows why.
        (Err(Error::WriterStopped), Err(error)) => Err(error),
        (Err(error), _) | (Ok(_), Err(error)) => Err(error),
        (Ok(summary), Ok(())) => Ok(summary),
    }
}

async fn read_all(
    session: &mut Session,
    jobs: &[Job],
    feed: Feed,
    watch: &mut (impl FnMut(Progress) + Send),
) -> Result<Summary, Error> {
    let mut summary = Summary::default();
    let mut queued = 0;
    for (i, job) in jobs.iter().enumerate() {
        match &job.work {
            Work::Table { name, .. } => {
                queued = queue_ahead(session, jobs, queued.max(i), i)?;
                watch(Progress::TableStarted { name: name.clone() });
                let count = table::read(session, &feed, job.dump_id, name).await?;
                summary.tables += 1;
                summary.rows += count.rows;
                summary.bytes += count.bytes;
                let (rows, bytes) = (count.rows, count.bytes);
                watch(Progress::TableFinished {
                    name: name.clone(),
                    rows,
                    bytes,
                });
            }
            Work::LargeObjects { oids } => {
                feed.step(Step::BeginLargeObjects {
                    dump_id: job.dump_id,
                })
                .await?;
                let bytes = large_object::read(session, &feed, oids).await?;
                feed.step(Step::EndBlock).await?;
                summary.large_objects += oids.len() as u64;
                summary.bytes += bytes;
                watch(Progress::LargeObjectsFinished {
                    count: oids.len() as u64,
                    bytes,
                });
            }
        }
    }
    Ok(summary)
}

/// Sends the COPYs of the tables from position `queued` on, up to [`AHEAD`] of them beyond `current`, but not past a job that needs the
/// session for other statements. Returns the position of the first that was not sent.
fn queue_ahead(
    session: &mut Session,
    jobs: &[Job],
    queued: usize,
    current: usize,
) -> Result<usize, Error> {
    let mut next = queued;
    while next < jobs.len().min(current + AHEAD) {
        let Work::Table { name, copy } = &jobs[next].work else {
            break;
        };
        session
            .queue_copy_out(copy)
            .map_err(|source| Error::Table {
                table: name.clone(),
                source,
            })?;
        next += 1;
    }
    Ok(next)
}
