//! Connections at work: they take units in order, send their statements ahead of time and read what comes. The leader's own way.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bstr::BString;
use pgdumprs_connect::{Notices, Session};
use tokio::sync::mpsc::UnboundedSender;
use tracing::{Instrument, debug_span};

use crate::compress::Feed;
use crate::locks::Locks;
use crate::plan::{Extent, Part, Plan};
use crate::progress::STEP;
use crate::rescue::{Rescue, Rest};
use crate::table::{self, Count};
use crate::{Error, Format, Work, large_object};

/// The units of a plan, each to be taken once, in order.
pub(crate) struct Queue {
    plan: Arc<Plan>,
    next: AtomicUsize,
    connections: usize,
    /// Jobs whose tables others wait to lock.
    contended: Mutex<BTreeSet<usize>>,
}

impl Queue {
    /// A queue for as many connections as there may be.
    pub(crate) fn new(plan: Arc<Plan>, connections: usize) -> Self {
        Self {
            plan,
            next: AtomicUsize::new(0),
            connections,
            contended: Mutex::default(),
        }
    }

    /// The plan whose units they are.
    pub(crate) fn plan(&self) -> &Plan {
        &self.plan
    }

    fn contended(&self) -> MutexGuard<'_, BTreeSet<usize>> {
        self.contended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes that somebody waits to lock a job's table. Whether that is new.
    pub(crate) fn contend(&self, job: usize) -> bool {
        self.contended().insert(job)
    }

    /// What `take` gives, unless somebody waits to lock one of its tables: that is passed to the leader.
    pub(crate) fn take_free(
        &self,
        rescue: &Rescue,
        take: impl Fn(&Self) -> Option<Rest>,
    ) -> Option<Rest> {
        loop {
            let rest = take(self)?;
            let contended = self.contended();
            let mut parts = self.plan.unit(rest.unit).iter();
            if !parts.any(|part| contended.contains(&part.job)) {
                return Some(rest);
            }
            drop(contended);
            rescue.pass(&[rest]);
        }
    }

    /// Takes the next unit, for whoever has nothing else to do.
    pub(crate) fn take(&self) -> Option<Rest> {
        self.take_before(self.plan.units())
    }

    /// Takes the next unit while another is still to be read, unless so few are left that others might then have nothing to do.
    pub(crate) fn take_ahead(&self) -> Option<Rest> {
        self.take_before(self.plan.units().saturating_sub(2 * self.connections))
    }

    fn take_before(&self, end: usize) -> Option<Rest> {
        let taken = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                (next < end).then_some(next + 1)
            });
        taken.ok().map(|unit| Rest { unit, part: 0 })
    }
}

/// What a worker tells of its parts.
#[derive(Debug)]
pub(crate) enum Told {
    /// A job's first part is about to be read.
    Started(usize),
    /// Data of a part has come.
    Came {
        /// Position of the job.
        job: usize,
        /// Bytes since the last time.
        bytes: u64,
    },
    /// The server has said something.
    Said {
        /// Position of the job that was being read, if any.
        job: Option<usize>,
        notices: Notices,
    },
    /// A part of a job has been read.
    Read {
        /// Position of the job.
        job: usize,
        /// Bytes that the part takes on disk.
        disk: u64,
        /// What the part came to.
        count: Count,
    },
    /// Somebody waits to lock a job's table.
    Contended {
        /// Its name.
        name: BString,
        /// What the server said, with its causes.
        reason: String,
    },
}

/// Tells of the bytes of a part as they come.
pub(crate) struct Came<'a> {
    told: &'a UnboundedSender<Told>,
    job: usize,
    bytes: u64,
}

impl<'a> Came<'a> {
    fn new(told: &'a UnboundedSender<Told>, job: usize) -> Self {
        let bytes = 0;
        Self { told, job, bytes }
    }

    /// Notes bytes, and tells of them when they are enough.
    pub(crate) fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        if self.bytes >= STEP {
            let (job, bytes) = (self.job, std::mem::take(&mut self.bytes));
            tell(self.told, Told::Came { job, bytes });
        }
    }
}

impl Drop for Came<'_> {
    fn drop(&mut self) {
        if self.bytes > 0 {
            let (job, bytes) = (self.job, self.bytes);
            tell(self.told, Told::Came { job, bytes });
        }
    }
}

/// Reads units over the leader's session until none is left and no other worker can leave one behind.
pub(crate) async fn lead(
    session: &mut Session,
    queue: &Queue,
    rescue: &Rescue,
    feed: Feed,
    told: UnboundedSender<Told>,
) -> Result<(), Error> {
    let mut locks = Locks::of_leader();
    let mut sent: Option<Rest> = None;
    loop {
        let rest = if let Some(rest) = sent.take() {
            rest
        } else {
            let next = match rescue.take().or_else(|| queue.take()) {
                Some(rest) => Some(rest),
                // A thread that is gone will never finish what it has been given, and its own result says why.
                None => tokio::select! {
                    next = rescue.wait() => next,
                    () = feed.closed() => return Err(Error::WriterStopped),
                },
            };
            let Some(rest) = next else { return Ok(()) };
            send(session, &queue.plan, rest, &mut locks)?;
            rest
        };
        // Orphans come first, and while there are any the leader takes nothing that would keep it from them.
        sent = rescue.is_empty().then(|| queue.take_ahead()).flatten();
        if let Some(ahead) = sent {
            send(session, &queue.plan, ahead, &mut locks)?;
        }
        match read(session, &queue.plan, rest, &feed, &told).await? {
            Ok(()) => {}
            Err((part, source)) => {
                return Err(refused(
                    &queue.plan.unit(rest.unit)[part],
                    &queue.plan,
                    source,
                ));
            }
        }
    }
}

/// Reads what is left of a unit whose statements were sent. The inner error is the server's refusal to begin a part, before anything of
/// it was handed on, with the part's position.
pub(crate) async fn read(
    session: &mut Session,
    plan: &Plan,
    rest: Rest,
    feed: &Feed,
    told: &UnboundedSender<Told>,
) -> Result<Result<(), (usize, pgdumprs_connect::Error)>, Error> {
    feed.begin_unit(rest.unit).await?;
    for (position, part) in plan.unit(rest.unit).iter().enumerate().skip(rest.part) {
        let mut copy = match session.next_copy_out().await {
            Ok(copy) => copy.expect("a unit's COPYs are sent before they are read"),
            Err(error @ pgdumprs_connect::Error::Statement { .. }) => {
                return Ok(Err((position, error)));
            }
            Err(error) => return Err(refused(part, plan, error)),
        };
        if part.is_first {
            tell(told, Told::Started(part.job));
        }
        let job = &plan.jobs[part.job];
        let came = Came::new(told, part.job);
        let count = match (&job.work, &part.extent) {
            (Work::LargeObjects { oids }, Extent::LargeObjects(range)) => {
                let oids = &oids[range.clone()];
                large_object::read(&mut copy, feed, came, job.dump_id, oids, part)
                    .instrument(debug_span!("copy_large_objects", count = oids.len()))
                    .await?
            }
            (Work::Table(table), _) => {
                table::read(&mut copy, feed, came, job.dump_id, table, part)
                    .instrument(debug_span!("copy_table", table = %table.name))
                    .await?
            }
            (Work::LargeObjects { .. }, _) => unreachable!("large objects are cut as such"),
        };
        tell_said(session, Some(part.job), told);
        let (job, disk) = (part.job, part.bytes);
        tell(told, Told::Read { job, disk, count });
    }
    feed.end_unit().await?;
    Ok(Ok(()))
}

/// The error for a part that cannot be read.
pub(crate) fn refused(part: &Part, plan: &Plan, source: pgdumprs_connect::Error) -> Error {
    match (&plan.jobs[part.job].work, &part.extent) {
        (Work::Table(table), _) => Error::Table {
            table: table.name.clone(),
            source,
        },
        (Work::LargeObjects { oids }, extent) => {
            let first = match extent {
                Extent::LargeObjects(range) => oids.get(range.start),
                _ => None,
            };
            Error::LargeObject {
                oid: first.copied().unwrap_or_default(),
                source,
            }
        }
    }
}

/// Tells what the server has said since the last time.
pub(crate) fn tell_said(session: &mut Session, job: Option<usize>, told: &UnboundedSender<Told>) {
    let notices = session.take_notices();
    if !notices.is_empty() {
        tell(told, Told::Said { job, notices });
    }
}

/// Tells whoever still listens: after another worker's failure nobody does.
fn tell(told: &UnboundedSender<Told>, what: Told) {
    let _ = told.send(what);
}

/// Sends the statements of what is left of a unit.
pub(crate) fn send(
    session: &mut Session,
    plan: &Plan,
    rest: Rest,
    locks: &mut Locks,
) -> Result<(), Error> {
    for part in &plan.unit(rest.unit)[rest.part..] {
        let sql = statement(plan, part, Format::Text, locks);
        session
            .queue_copy_out(sql)
            .map_err(|source| refused(part, plan, source))?;
    }
    Ok(())
}

/// What reads a part in one message, its rows in a format.
pub(crate) fn statement(plan: &Plan, part: &Part, format: Format, locks: &mut Locks) -> BString {
    match (&plan.jobs[part.job].work, &part.extent) {
        (Work::LargeObjects { oids }, Extent::LargeObjects(range)) => {
            locks.read_large_objects(&large_object::statement(oids, range))
        }
        (Work::Table(_), _) => locks.read_table(plan, part, format),
        (Work::LargeObjects { .. }, _) => unreachable!("large objects are cut as such"),
    }
}
