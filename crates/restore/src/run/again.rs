//! What happens when a connection is lost, or another session is in the way: the restore goes on from what is settled.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use bstr::{BStr, BString, ByteSlice};
use pgdumprs_connect::{ConnectParams, Session};
use tokio::time::{Instant, sleep};

use super::Crew;
use crate::{Error, Whereabouts, durable};

/// How often connections may be lost one after the other without anything being settled in between.
const MOST_LOSSES: u32 = 5;

/// How long is waited before something is tried again, first and at most.
pub(super) const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// A process of the server that works for a session, or has done so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(super) id: u32,
    /// When it began, in seconds: a number may be given again.
    pub(super) began: BString,
}

/// Why there is no other session in the place of one that was lost.
enum NotOpened {
    /// What was in the way until now.
    ByNow(String),
    /// It came somewhere else.
    Elsewhere(Error),
}

impl Crew {
    /// Those of the steps that are to be done.
    pub(super) fn open(&self, steps: &[usize]) -> Vec<usize> {
        let steps = steps.iter().copied();
        self.ledger
            .standing(|standing| steps.filter(|step| !standing.is_settled(*step)).collect())
    }

    /// Whether the restore can go on over another connection.
    pub(super) fn can_go_on_after(&self, error: &Error) -> bool {
        use pgdumprs_connect::Error as Lost;
        let is_lost = match error {
            Error::Connection { source, .. } | Error::NotFlushed { source } => {
                matches!(source, Lost::ConnectionLost { .. } | Lost::Broken { .. })
            }
            // The source has another connection that can read the same.
            Error::Source { source, .. } => matches!(**source, pgdumprs_copy::Error::Follower(_)),
            _ => false,
        };
        is_lost && self.can_go_on && !self.patience.is_zero() && !self.ledger.is_stopped()
    }

    /// Does all steps, over as many connections, one after the other, as it takes.
    pub(super) async fn carry_out(
        self: &Arc<Self>,
        session: &mut Session,
        params: &ConnectParams,
    ) -> Result<(), Error> {
        let mut settled = 0;
        let mut losses = 0;
        let mut pause = FIRST_PAUSE;
        loop {
            let done = self.round(session, params).await;
            let is_interrupted = self.ledger.take_interruption();
            let now = self.ledger.standing(|standing| standing.settled());
            if now > settled {
                (settled, losses, pause) = (now, 0, FIRST_PAUSE);
            }
            match done {
                Ok(()) if !is_interrupted || self.ledger.is_stopped() => return Ok(()),
                Ok(()) => self.settle(session).await,
                Err(error) if losses < MOST_LOSSES && self.can_go_on_after(&error) => {
                    losses += 1;
                    self.go_on_after(error, session).await?;
                }
                Err(error) => return Err(error),
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Opens another session in the place of one that may be lost.
    async fn go_on_after(&self, error: Error, session: &mut Session) -> Result<(), Error> {
        let reason = match &error {
            Error::Connection { source, .. } | Error::NotFlushed { source } => source.with_causes(),
            _ => error.to_string(),
        };
        // Where this session is not the one that was lost, the server has not crashed, and keeps what it has answered.
        self.settle(session).await;
        let is_spent = self.ledger.standing(|standing| {
            standing.forget_unflushed();
            self.source.is_read_once() && standing.has_open_rows()
        });
        // Rows that came through a pipe do not come again.
        if is_spent {
            return Err(error);
        }
        let opened = self.another(session).await;
        if let Err(NotOpened::ByNow(reason)) = opened {
            let (entry, source) = match error {
                Error::Connection { entry, source } => (entry, source),
                Error::NotFlushed { source } => (None, source),
                other => return Err(other),
            };
            return Err(Error::NotReopened {
                entry,
                reason,
                source,
            });
        }
        if let Err(NotOpened::Elsewhere(error)) = opened {
            return Err(error);
        }
        self.ledger.reconnected(reason);
        Ok(())
    }

    /// Has the server bring to its disk what has ended, if it can.
    async fn settle(&self, session: &mut Session) {
        if !self.rules.commits_lazily {
            return;
        }
        let mark = self.ledger.standing(|standing| standing.mark());
        if durable::flush(session).await.is_ok() {
            self.ledger.flushed(mark);
        }
    }

    /// Opens a session like this one, and waits until nothing works any more for those before it.
    async fn another(&self, session: &mut Session) -> Result<(), NotOpened> {
        let limit = Instant::now() + self.patience;
        let mut pause = FIRST_PAUSE;
        loop {
            let tried = async {
                let mut other = session.another().await?;
                let left = self.end_processes(&mut other).await?;
                Ok::<_, pgdumprs_connect::Error>((other, left))
            };
            let reason = match tried.await {
                Ok((other, 0)) => {
                    std::mem::replace(session, other).close().await;
                    let noted = self.note_process(session).await;
                    match noted {
                        Ok(()) => return Ok(()),
                        Err(error @ Error::Elsewhere { .. }) => {
                            return Err(NotOpened::Elsewhere(error));
                        }
                        Err(Error::Connection { source, .. }) => source.with_causes(),
                        Err(error) => error.to_string(),
                    }
                }
                Ok((other, left)) => {
                    other.close().await;
                    format!(
                        "{left} of the server's processes still work for the connections before"
                    )
                }
                Err(error) => error.with_causes(),
            };
            if Instant::now() >= limit {
                return Err(NotOpened::ByNow(reason));
            }
            sleep(pause).await;
            pause = LONGEST_PAUSE.min(pause * 2);
        }
    }

    /// Notes where all connections are to be from now on: where this one is. It may be in another database than those before, of the same server.
    pub(super) async fn stay_at(&self, session: &mut Session) -> Result<(), Error> {
        let found = Whereabouts::of(session).await.map_err(lost)?;
        let mut known = self.whereabouts();
        let expected = known.as_ref().map(|known| known.in_database_of(&found));
        if let Some(what) = expected.and_then(|expected| expected.difference(&found)) {
            return Err(Error::Elsewhere { what });
        }
        *known = Some(found);
        Ok(())
    }

    fn whereabouts(&self) -> MutexGuard<'_, Option<Whereabouts>> {
        self.whereabouts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes which process works for a session, and makes sure that it is where the others are.
    pub(super) async fn note_process(&self, session: &mut Session) -> Result<(), Error> {
        let sql = "SELECT pid, extract(epoch FROM backend_start)::pg_catalog.text FROM pg_catalog.pg_stat_activity \
                   WHERE pid = pg_catalog.pg_backend_pid()";
        let Some(known) = self.whereabouts().clone() else {
            return Ok(());
        };
        let noted = async {
            let results = session.pipeline(&[sql, &known.question()]).await?;
            let [process, place] = results.as_slice() else {
                unreachable!("each statement has a result")
            };
            let row = process.one()?;
            let process = Process {
                id: row.get(0)?,
                began: row.get::<&BStr>(1)?.to_owned(),
            };
            Ok((process, Whereabouts::read(place)?))
        };
        let (process, place) = noted.await.map_err(lost)?;
        if let Some(what) = known.difference(&place) {
            return Err(Error::Elsewhere { what });
        }
        self.ledger
            .process(process.id, &process.began.to_str_lossy());
        let mut processes = self
            .processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        processes.push(process);
        Ok(())
    }

    /// Ends what still works for the sessions before; returns how many processes are left. A pooler gives its processes to others: there it is
    /// waited until they are idle.
    pub(super) async fn end_processes(
        &self,
        session: &mut Session,
    ) -> Result<usize, pgdumprs_connect::Error> {
        let processes = self
            .processes
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        let known: Vec<_> = processes
            .iter()
            .map(|process| format!("({}, '{}')", process.id, process.began.to_str_lossy()))
            .collect();
        if known.is_empty() {
            return Ok(0);
        }
        let what = match self.is_pooled {
            true => "1",
            false => "pg_catalog.pg_terminate_backend(pid)",
        };
        let which = match self.is_pooled {
            true => "AND state <> 'idle' AND pid <> pg_catalog.pg_backend_pid()",
            false => "",
        };
        let sql = format!(
            "SELECT {what} FROM pg_catalog.pg_stat_activity \
             WHERE (pid, extract(epoch FROM backend_start)::pg_catalog.text) IN ({}) {which}",
            known.join(", ")
        );
        Ok(session.query(sql).await?.len())
    }
}

pub(super) fn lost(source: pgdumprs_connect::Error) -> Error {
    Error::Connection {
        entry: None,
        source,
    }
}

pub(super) fn still_at_work(count: usize) -> String {
    format!("{count} of the server's processes still work for the connections before")
}
