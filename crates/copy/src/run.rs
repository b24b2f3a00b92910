//! A plan carried out: connections read, threads compress, one thread writes.

use std::pin::Pin;
use std::sync::Arc;

use pgdumprs_archive::{Compression, Compressor};
use pgdumprs_connect::Session;
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

use crate::follower::{Follower, Outcome, Refusal};
use crate::outlet::{Outlet, outlet};
use crate::rescue::Rescue;
use crate::tally::Tally;
use crate::thread::Running;
use crate::worker::{Queue, Told, lead};
use crate::{Error, Plan, Progress, Steps, Summary, compress, thread};

/// Bytes of a piece of raw data, at most.
const RAW: usize = 256 << 10;

/// Pieces of raw data that wait before each compressing thread, where memory allows it.
const RAW_QUEUE: usize = 16;

/// Bytes that a connection takes beside its queue and the compression's state, for what it has received.
const CONNECTION: usize = 1 << 20;

/// How a plan is carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// How data is compressed.
    pub compression: Compression,
    /// Whether each table and each large object becomes a file of its own, as in the directory format, and not a stream in a file of many.
    pub in_files: bool,
    /// Bytes that data may take in memory, about: what waits to be compressed and to be written, and the buffers of connections. A few MiB
    /// are taken in any case.
    pub memory: usize,
}

/// A connection that is being made, in a transaction that sees the leader's snapshot, or the reason why it cannot be had.
pub type Opening = Pin<Box<dyn Future<Output = Result<Session, String>> + Send + 'static>>;

/// Copies the data of `plan`.
///
/// The `leader`'s transaction is open and holds the locks of all tables. It begins at once; `others` join when they are there, and one that
/// cannot be had is told of and done without. `write` gets the steps in order, in a thread of its own, and what it returns comes back,
/// but not where something else failed: whatever it writes to may keep it for ever. `watch` is told of progress.
///
/// A dropped future ends all threads and connections but the leader's; a thread that is busy with its output ends after that.
///
/// # Errors
///
/// [`Error::Table`] and [`Error::LargeObject`] name what was being read; [`Error::WriterStopped`] means that `write` dropped the steps
/// before their end, and that its result says why.
pub async fn run<W: Send + 'static>(
    leader: &mut Session,
    others: Vec<Opening>,
    plan: Plan,
    settings: Settings,
    write: impl FnOnce(Steps) -> W + Send + 'static,
    mut watch: impl FnMut(Progress) + Send,
) -> (Result<Summary, Error>, Option<W>) {
    let plan = Arc::new(plan);
    let connections = 1 + others.len();
    let (queue_length, budget) = divide(settings, connections);
    let (outlet, steps) = outlet(plan.units(), budget, settings.joined(), None);
    let writing = match thread::start("write", move || write(steps)) {
        Ok(writing) => writing,
        Err(error) => return (Err(Error::Thread(error)), None),
    };
    let closing = Closing(outlet.clone());
    let crew = Crew {
        queue: Arc::new(Queue::new(Arc::clone(&plan), connections)),
        rescue: Arc::new(Rescue::new(outlet.clone())),
        outlet,
        settings,
        queue_length,
    };
    let copied = crew
        .copy(leader, others, Tally::new(&plan), &mut watch)
        .await;
    if copied.is_err() {
        closing.0.close();
    }
    let written = match &copied {
        Ok(_) | Err(Error::WriterStopped) => Some(writing.result().await),
        Err(_) => None,
    };
    (copied, written)
}

impl Settings {
    /// How many connections there is memory for, one at least.
    pub fn most_connections(&self) -> usize {
        (self.memory / self.connection()).max(1)
    }

    /// How parts that were compressed apart become one. Files are one when they stand one behind the other.
    pub(crate) fn joined(&self) -> Compression {
        match self.in_files {
            true => Compression::None,
            false => self.compression,
        }
    }

    /// Bytes that a connection takes beside its queue.
    fn connection(&self) -> usize {
        CONNECTION + Compressor::memory(self.compression)
    }
}

/// Divides memory among `connections`: how many pieces of raw data each may have waiting, and how many bytes may wait to be written.
pub(crate) fn divide(settings: Settings, connections: usize) -> (usize, usize) {
    let memory = settings.memory;
    let queue = (memory / 8 / connections / RAW).clamp(1, RAW_QUEUE);
    let taken = connections * (queue * RAW + settings.connection());
    (queue, memory.saturating_sub(taken).max(memory / 4))
}

/// Lets the threads end when the copy is given up.
pub(crate) struct Closing(pub(crate) Outlet);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// What all workers share.
#[derive(Clone)]
struct Crew {
    queue: Arc<Queue>,
    rescue: Arc<Rescue>,
    outlet: Outlet,
    settings: Settings,
    queue_length: usize,
}

impl Crew {
    /// Lets everybody work until all is read and compressed, or somebody fails.
    async fn copy(
        self,
        leader: &mut Session,
        others: Vec<Opening>,
        mut tally: Tally<'_>,
        watch: &mut (impl FnMut(Progress) + Send),
    ) -> Result<Summary, Error> {
        // What is still under way in these sets when this function ends, ends with them.
        let mut openings: JoinSet<_> = others.into_iter().collect();
        let mut workers = JoinSet::new();
        let (told, mut hears) = mpsc::unbounded_channel();
        let leading = self.lead(leader, told.clone());
        tokio::pin!(leading);
        let (mut leads, mut fewer) = (true, false);
        while leads || !workers.is_empty() {
            // The others are usually missing for the same reason, which need not be told again.
            let mut miss = |reason: String| {
                if !std::mem::replace(&mut fewer, true) {
                    watch(Progress::FewerConnections { reason });
                }
            };
            tokio::select! {
                Some(told) = hears.recv() => tally.hear(told, watch),
                led = &mut leading, if leads => {
                    led?;
                    leads = false;
                }
                Some(opened) = openings.join_next() => match finished(opened).await {
                    // A leader that is done may be gone before it could read what others leave behind.
                    Ok(session) if leads => {
                        self.rescue.join();
                        let (own, told) = (self.clone(), told.clone());
                        workers.spawn(
                            async move { own.follow(session, told).await }.in_current_span(),
                        );
                    }
                    Ok(_) => {}
                    Err(reason) => miss(reason),
                },
                () = self.outlet.gone() => return Err(Error::WriterStopped),
                Some(worked) = workers.join_next() => {
                    if let Some(reason) = finished(worked).await? {
                        miss(reason);
                    }
                }
            }
        }
        // The leader is done when no unit is left to take and no worker is at work: so this is all.
        while let Ok(told) = hears.try_recv() {
            tally.hear(told, watch);
        }
        Ok(tally.summary())
    }

    /// Lets the leader work.
    async fn lead(&self, session: &mut Session, told: UnboundedSender<Told>) -> Result<(), Error> {
        let outlet = self.outlet.leading();
        let (feed, compressing) =
            compress::start(self.settings, self.queue_length, outlet).map_err(Error::Thread)?;
        let led = lead(session, &self.queue, &self.rescue, feed, told).await;
        compressed(led, compressing).await
    }

    /// Lets another connection work. Returns why it is of no more use, if it is not.
    async fn follow(
        &self,
        session: Session,
        told: UnboundedSender<Told>,
    ) -> Result<Option<String>, Error> {
        let mut follower = Follower::new(session);
        loop {
            let outlet = self.outlet.clone();
            let started = compress::start(self.settings, self.queue_length, outlet);
            let (feed, compressing) = match started {
                Ok(started) => started,
                Err(error) => {
                    self.rescue.leave(&[]);
                    return Ok(Some(format!("could not start a thread: {error}")));
                }
            };
            let followed = follower
                .follow(&self.queue, &self.rescue, feed, &told)
                .await;
            // What it did read of its unit has gone into the outlet by then, so that the leader may add the rest.
            let (left, refusal, reason) = match compressed(followed, compressing).await? {
                Outcome::Done => {
                    self.rescue.leave(&[]);
                    follower.end(&told).await;
                    return Ok(None);
                }
                Outcome::GaveUp {
                    left,
                    refusal,
                    reason,
                } => (left, refusal, reason.with_causes()),
            };
            let Refusal::Lock { table } = refusal else {
                self.rescue.leave(&left);
                return Ok(Some(reason));
            };
            self.rescue.pass(&left);
            if let Some(name) = table {
                let reason = reason.clone();
                let _ = told.send(Told::Contended { name, reason });
            }
            if !follower.pass_over_sent().await {
                self.rescue.leave(&[]);
                return Ok(Some(reason));
            }
        }
    }
}

/// Waits for what is left in a feed that has been dropped, and decides between two errors.
async fn compressed<T>(
    read: Result<T, Error>,
    compressing: Running<Result<(), Error>>,
) -> Result<T, Error> {
    match read {
        // The thread may wait for room that only others make, who stop when they hear of this.
        Err(error) if !matches!(error, Error::WriterStopped) => Err(error),
        // Where the reader only noticed that the compressing thread was gone, that thread knows why.
        read => compressing.result().await.and(read),
    }
}

/// The result of a task. Its panic goes on here; where it was cancelled, the runtime ends, and whoever waits here will be dropped as well.
async fn finished<T>(result: Result<T, JoinError>) -> T {
    match result.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_divided_among_any_number_of_connections() {
        for compression in [Compression::GZIP, Compression::ZSTD] {
            for connections in [1, 2, 8, 16, 64, 500] {
                let settings = Settings {
                    compression,
                    in_files: false,
                    memory: 256 << 20,
                };
                let (queue, budget) = divide(settings, connections);
                assert!(queue >= 1 && budget >= settings.memory / 4);
                if connections <= settings.most_connections() / 2 {
                    let taken = connections * (queue * RAW + settings.connection());
                    assert!(taken + budget <= settings.memory);
                }
            }
        }
    }

    #[test]
    fn compression_that_takes_much_memory_leaves_room_for_fewer_connections() {
        let connections = |compression| {
            let memory = 256 << 20;
            Settings {
                compression,
                in_files: true,
                memory,
            }
            .most_connections()
        };
        assert!(connections(Compression::GZIP) >= 100);
        assert!((8..30).contains(&connections(Compression::ZSTD)));
        let long = Compression::Zstd {
            level: 3,
            long: true,
        };
        assert_eq!(connections(long), 1);
    }
}
