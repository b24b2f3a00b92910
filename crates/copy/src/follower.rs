//! A connection beside the leader's: it takes units in order, and gives up what it may not lock.

use bstr::BString;
use pgdumprs_connect::{Error as Cause, Session};
use tokio::sync::mpsc::UnboundedSender;

use crate::compress::Feed;
use crate::locks::Locks;
use crate::rescue::{Rescue, Rest};
use crate::worker::{Queue, Told, read, send, tell_said};
use crate::{Error, Work};

/// How a follower's work ended.
pub(crate) enum Outcome {
    /// No unit was left.
    Done,
    /// The server refused to begin a part, and these are left for the leader.
    GaveUp {
        left: Vec<Rest>,
        refusal: Refusal,
        reason: Cause,
    },
}

/// What the server refused.
pub(crate) enum Refusal {
    /// To lock a table that somebody else waits to lock.
    Lock {
        /// The table's name, where nobody has met it before.
        table: Option<BString>,
    },
    /// Anything else.
    Other,
}

/// SQLSTATE of a lock that could not be had at once.
pub(crate) const LOCK_NOT_AVAILABLE: &str = "55P03";

/// Another session than the leader's, and what it has locked.
pub(crate) struct Follower {
    session: Session,
    locks: Locks,
}

impl Follower {
    pub(crate) fn new(session: Session) -> Self {
        let locks = Locks::of_follower();
        Self { session, locks }
    }

    /// Reads units until none is left.
    ///
    /// It takes each table's lock without waiting, before it reads. The leader holds the same lock, but somebody who wants the table for
    /// himself may have queued up since, behind the leader and ahead of us; then we would wait for him, he for the leader, and the leader
    /// for us, which the server cannot see.
    pub(crate) async fn follow(
        &mut self,
        queue: &Queue,
        rescue: &Rescue,
        feed: Feed,
        told: &UnboundedSender<Told>,
    ) -> Result<Outcome, Error> {
        // What was said when it was opened.
        tell_said(&mut self.session, None, told);
        let followed = async {
            let Self { session, locks } = &mut *self;
            let mut sent: Option<Rest> = None;
            loop {
                let rest = match sent.take() {
                    Some(rest) => rest,
                    None => match queue.take_free(rescue, Queue::take) {
                        Some(rest) => {
                            send(session, queue.plan(), rest, locks)?;
                            rest
                        }
                        None => return Ok(Outcome::Done),
                    },
                };
                sent = queue.take_free(rescue, Queue::take_ahead);
                if let Some(ahead) = sent {
                    send(session, queue.plan(), ahead, locks)?;
                }
                if let Err((part, reason)) = read(session, queue.plan(), rest, &feed, told).await? {
                    let unit = rest.unit;
                    let left = [Some(Rest { unit, part }), sent];
                    let job = queue.plan().unit(unit)[part].job;
                    let refusal = match (&queue.plan().jobs[job].work, reason.sqlstate()) {
                        (Work::Table(table), Some(LOCK_NOT_AVAILABLE)) => Refusal::Lock {
                            table: queue.contend(job).then(|| table.name.clone()),
                        },
                        _ => Refusal::Other,
                    };
                    return Ok(Outcome::GaveUp {
                        left: left.into_iter().flatten().collect(),
                        refusal,
                        reason,
                    });
                }
            }
        }
        .await;
        tell_said(&mut self.session, None, told);
        followed
    }

    /// Reads over what was sent ahead and has been left to the leader. Whether the session can go on then.
    pub(crate) async fn pass_over_sent(&mut self) -> bool {
        self.locks.pass_over_sent(&mut self.session).await
    }

    /// Ends the session in good order.
    pub(crate) async fn end(mut self, told: &UnboundedSender<Told>) {
        // A pooler keeps a server's connection only if no transaction is open on it.
        let _ = self.session.query("COMMIT").await;
        tell_said(&mut self.session, None, told);
        self.session.close().await;
    }
}
