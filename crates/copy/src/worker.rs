//! A connection at work: it takes units in order, sends their statements ahead of time and reads what comes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bstr::BString;
use pgdumprs_connect::Session;
use tokio::sync::mpsc::UnboundedSender;

use crate::compress::Feed;
use crate::plan::{Extent, Part, Plan, table_statement};
use crate::table::{self, Count};
use crate::{Error, Work, large_object};

/// The units of a plan, each to be taken once, in order.
pub(crate) struct Queue {
    plan: Arc<Plan>,
    next: AtomicUsize,
    connections: usize,
}

impl Queue {
    /// A queue for as many connections as there may be.
    pub(crate) fn new(plan: Arc<Plan>, connections: usize) -> Self {
        Self {
            plan,
            next: AtomicUsize::new(0),
            connections,
        }
    }

    /// Takes the next unit, for whoever has nothing else to do.
    pub(crate) fn take(&self) -> Option<usize> {
        self.take_before(self.plan.units())
    }

    /// Takes the next unit while another is still to be read, unless so few are left that others might then have nothing to do.
    fn take_ahead(&self) -> Option<usize> {
        self.take_before(self.plan.units().saturating_sub(2 * self.connections))
    }

    fn take_before(&self, end: usize) -> Option<usize> {
        self.next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |next| {
                (next < end).then_some(next + 1)
            })
            .ok()
    }
}

/// What a worker tells of its parts.
#[derive(Debug)]
pub(crate) enum Told {
    /// A job's first part is about to be read.
    Started(usize),
    /// A part of a job has been read.
    Read {
        /// Position of the job.
        job: usize,
        /// What the part came to.
        count: Count,
    },
}

/// Reads units until none is left.
///
/// `locks` says that the session holds no locks yet. It takes each table's without waiting, before it reads: the session that leads
/// holds the same lock, but another that wants the table for itself may have queued up since, behind the leader and ahead of us; then
/// we would wait for it, it for the leader, and the leader for us, which the server cannot see.
pub(crate) async fn work(
    session: &mut Session,
    queue: &Queue,
    feed: Feed,
    locks: bool,
    told: UnboundedSender<Told>,
) -> Result<(), Error> {
    let plan = &*queue.plan;
    let mut sent = None;
    loop {
        let unit = match sent.take() {
            Some(unit) => unit,
            None => match queue.take() {
                Some(unit) => {
                    send(session, plan, unit, locks)?;
                    unit
                }
                None => return Ok(()),
            },
        };
        sent = queue.take_ahead();
        if let Some(ahead) = sent {
            send(session, plan, ahead, locks)?;
        }
        feed.begin_unit(unit).await?;
        for part in plan.unit(unit) {
            if part.is_first {
                tell(&told, Told::Started(part.job));
            }
            let count = read(session, &feed, plan, part).await?;
            tell(
                &told,
                Told::Read {
                    job: part.job,
                    count,
                },
            );
        }
        feed.end_unit().await?;
    }
}

/// Tells whoever still listens: after another worker's failure nobody does.
fn tell(told: &UnboundedSender<Told>, what: Told) {
    let _ = told.send(what);
}

async fn read(
    session: &mut Session,
    feed: &Feed,
    plan: &Plan,
    part: &Part,
) -> Result<Count, Error> {
    let job = &plan.jobs[part.job];
    match (&job.work, &part.extent) {
        (Work::LargeObjects { oids }, Extent::LargeObjects(range)) => {
            large_object::read(session, feed, job.dump_id, &oids[range.clone()], part).await
        }
        (Work::Table(table), _) => table::read(session, feed, job.dump_id, table, part).await,
        (Work::LargeObjects { .. }, _) => unreachable!("large objects are cut as such"),
    }
}

/// Sends the statements of a unit.
fn send(session: &mut Session, plan: &Plan, unit: usize, locks: bool) -> Result<(), Error> {
    for part in plan.unit(unit) {
        match (&plan.jobs[part.job].work, &part.extent) {
            (Work::LargeObjects { oids }, Extent::LargeObjects(range)) => session
                .queue_copy_out(large_object::statement(oids, range))
                .map_err(|source| Error::LargeObject {
                    oid: oids.first().copied().unwrap_or_default(),
                    source,
                })?,
            (Work::Table(table), extent) => {
                let mut sql = BString::default();
                if locks {
                    sql.extend_from_slice(b"LOCK TABLE ONLY ");
                    sql.extend_from_slice(&table.name);
                    sql.extend_from_slice(b" IN ACCESS SHARE MODE NOWAIT; ");
                }
                sql.extend_from_slice(&table_statement(table, extent));
                session.queue_copy_out(sql).map_err(|source| Error::Table {
                    table: table.name.clone(),
                    source,
                })?;
            }
            (Work::LargeObjects { .. }, _) => unreachable!("large objects are cut as such"),
        }
    }
    Ok(())
}
