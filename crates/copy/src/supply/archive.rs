//! An archive of what is supplied, written while it is read for somebody else.
//!
//! Parts are read in whatever order they are asked for, and an archive has them in the plan's. So each is a unit of an outlet that puts aside what
//! comes too early: whoever loads never waits for a part that nobody has asked for yet. What was not asked for at all, the leader reads at the end.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;

use crate::compress::{self, Feed};
use crate::outlet::{Outlet, outlet};
use crate::plan::{Part, Plan};
use crate::run::{Closing, Settings, divide};
use crate::thread::{self, Running};
use crate::{Error, Job, Object, Steps, Work, large_object, table};

/// Bytes that wait in memory for what comes before them in the archive, at most.
const WAITING: usize = 32 << 20;

/// What all connections need to write an archive of what they read.
pub(super) struct Keeping {
    outlet: Outlet,
    settings: Settings,
    queue_length: usize,
}

/// An archive that is being written. When it is dropped, it is given up.
pub struct Archiving<W> {
    closing: Closing,
    writing: Running<W>,
}

/// Begins to write what is read of `plan` over so many connections.
pub(super) fn begin<W: Send + 'static>(
    plan: &Plan,
    connections: usize,
    settings: Settings,
    aside: File,
    write: impl FnOnce(Steps) -> W + Send + 'static,
) -> io::Result<(Arc<Keeping>, Archiving<W>)> {
    let (queue_length, budget) = divide(settings, connections);
    let budget = budget.min(WAITING);
    let (outlet, steps) = outlet(plan.parts.len(), budget, settings.joined(), Some(aside));
    let archiving = Archiving {
        closing: Closing(outlet.clone()),
        writing: thread::start("write", move || write(steps))?,
    };
    let keeping = Keeping {
        outlet,
        settings,
        queue_length,
    };
    Ok((Arc::new(keeping), archiving))
}

impl<W> Archiving<W> {
    /// Waits until everything was written, when [`Supplying::end`](super::Supplying::end) has given the leader back; otherwise not everything was
    /// read, and this is given up. What `write` returned comes with it.
    ///
    /// # Errors
    ///
    /// What kept the archive from being written. [`Error::WriterStopped`] means that `write` dropped the steps before their end, and that its result
    /// says why; so may [`Error::NotAllRead`], since reading for the archive ends with the writer.
    pub async fn end(self) -> (Result<(), Error>, W) {
        let outlet = &self.closing.0;
        let has_all = outlet.has_all();
        if !has_all {
            outlet.close();
        }
        let written = self.writing.result().await;
        let ended = match outlet.take_failure() {
            Some(error) => Err(error),
            None if outlet.is_over() => Ok(()),
            None if has_all => Err(Error::WriterStopped),
            None => Err(Error::NotAllRead),
        };
        (ended, written)
    }
}

/// What one connection has to do with the archive, if there is to be one.
pub(super) struct Keeper {
    keeping: Option<Arc<Keeping>>,
    leads: bool,
    compressing: Option<(Feed, Running<Result<(), Error>>)>,
    /// Whether a part has begun.
    is_open: bool,
}

impl Keeper {
    pub(super) fn new(keeping: Option<Arc<Keeping>>, leads: bool) -> Self {
        Self {
            keeping,
            leads,
            compressing: None,
            is_open: false,
        }
    }

    /// The first parts in a row that nobody has read for the archive.
    pub(super) fn unclaimed(&self) -> Range<usize> {
        match &self.keeping {
            Some(keeping) => keeping.outlet.unclaimed(),
            None => 0..0,
        }
    }

    /// Whether there is an archive, and nothing has ended it.
    pub(super) fn is_at_work(&self) -> bool {
        self.keeping
            .as_ref()
            .is_some_and(|keeping| !keeping.outlet.is_closed())
    }

    /// The part at this position of the plan begins.
    pub(super) async fn begin(&mut self, position: usize, job: &Job, part: &Part) {
        let Some(keeping) = &self.keeping else { return };
        if !keeping.outlet.claim(position) {
            return;
        }
        if self.compressing.is_none() {
            let outlet = match self.leads {
                true => keeping.outlet.leading(),
                false => keeping.outlet.clone(),
            };
            match compress::start(keeping.settings, keeping.queue_length, outlet) {
                Ok(started) => self.compressing = Some(started),
                Err(error) => {
                    keeping.outlet.fail(Error::Thread(error));
                    self.keeping = None;
                    return;
                }
            }
        }
        self.is_open = true;
        self.feed(async |feed| {
            feed.begin_unit(position).await?;
            match &job.work {
                Work::Table(_) => table::begin(feed, job.dump_id, part).await,
                Work::LargeObjects { .. } => large_object::begin(feed, job.dump_id, part).await,
            }
        })
        .await;
    }

    /// Some of the rows of the open part.
    pub(super) async fn rows(&mut self, part: &Part, rows: &Bytes) {
        self.feed(async |feed| feed.data(rows.clone(), table::is_piece(part)).await)
            .await;
    }

    /// Some of the large objects of the open part.
    pub(super) async fn object(&mut self, object: &Object) {
        self.feed(async |feed| large_object::put(feed, object.clone()).await)
            .await;
    }

    /// The part has been read to its end.
    pub(super) async fn end_part(&mut self, job: &Job, part: &Part) {
        self.feed(async |feed| {
            match &job.work {
                Work::Table(table) => table::end(feed, table, part).await?,
                Work::LargeObjects { .. } => large_object::end(feed, part).await?,
            }
            feed.end_unit().await
        })
        .await;
        self.is_open = false;
    }

    /// Ends with the connection. A part that it has not read to its end can be read by another; waits until that is so.
    pub(super) async fn end(&mut self) {
        self.feed(async |feed| feed.lose_unit().await).await;
        self.stop().await;
    }

    /// Hands something over, while a part of the archive is open. Where that cannot be done, there will be no archive.
    async fn feed(&mut self, hand_over: impl AsyncFnOnce(&Feed) -> Result<(), Error>) {
        let Some((feed, _)) = self.compressing.as_ref().filter(|_| self.is_open) else {
            return;
        };
        if hand_over(feed).await.is_err() {
            self.stop().await;
        }
    }

    /// Waits until what was handed over has been compressed. Where that failed, there will be no archive.
    async fn stop(&mut self) {
        self.is_open = false;
        let keeping = self.keeping.take();
        if let Some((feed, compressing)) = self.compressing.take() {
            drop(feed);
            match (compressing.result().await, keeping) {
                // Whoever wrote says why.
                (Ok(()) | Err(Error::WriterStopped), _) | (_, None) => {}
                (Err(error), Some(keeping)) => keeping.outlet.fail(error),
            }
        }
    }
}
