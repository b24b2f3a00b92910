//! A connection that reads what it is asked for.

use std::collections::VecDeque;
use std::error::Error as _;
use std::sync::Arc;

use pgdumprs_connect::{CopyOut, Error as Cause, Session};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};

use crate::follower::LOCK_NOT_AVAILABLE;
use crate::locks::Locks;
use crate::plan::{Extent, Plan};
use crate::supply::Followers;
use crate::supply::archive::Keeper;
use crate::supply::binary::Stripped;
use crate::supply::request::Request;
use crate::worker::{refused, statement};
use crate::{Error, Format, Opening, Progress, Work, large_object};

/// Statements that are sent before the first of them is read to its end.
const AHEAD: usize = 32;

/// What a turn came to.
enum Turn {
    On,
    /// The server refused to begin the part that comes first.
    Refused(Cause),
    /// Nobody can ask any more.
    Over,
}

/// A session in the snapshot, with what it has been asked for.
pub(super) struct Connection {
    session: Session,
    plan: Arc<Plan>,
    locks: Locks,
    told: UnboundedSender<Progress>,
    /// In the order in which it comes.
    asked: VecDeque<Request>,
    /// Where the statements of the last of them have been sent up to.
    sent_up_to: usize,
    /// Statements that were sent and not read.
    under_way: usize,
    keeper: Keeper,
}

impl Connection {
    fn new(
        session: Session,
        plan: Arc<Plan>,
        locks: Locks,
        told: UnboundedSender<Progress>,
        keeper: Keeper,
    ) -> Self {
        Self {
            session,
            plan,
            locks,
            told,
            asked: VecDeque::new(),
            sent_up_to: 0,
            under_way: 0,
            keeper,
        }
    }

    /// The leader's.
    pub(super) fn of_leader(
        session: Session,
        plan: Arc<Plan>,
        told: UnboundedSender<Progress>,
        keeper: Keeper,
    ) -> Self {
        Self::new(session, plan, Locks::of_leader(), told, keeper)
    }

    /// A follower's.
    pub(super) fn of_follower(
        session: Session,
        plan: Arc<Plan>,
        told: UnboundedSender<Progress>,
        keeper: Keeper,
    ) -> Self {
        Self::new(session, plan, Locks::of_follower(), told, keeper)
    }

    /// Reads as the leader until nobody can ask any more, and then what an archive lacks. Gives the session back, or lets everybody know who waits that
    /// nothing will come.
    pub(super) async fn lead(
        mut self,
        mut requests: UnboundedReceiver<Request>,
    ) -> Result<Session, Arc<Error>> {
        let read = loop {
            match self.turn(&mut requests, Some).await {
                Ok(Turn::On) => {}
                // Nobody else reads any more.
                Ok(Turn::Over) => match self.keeper.unclaimed() {
                    rest if rest.is_empty() => {
                        self.keeper.end().await;
                        return Ok(self.session);
                    }
                    rest => self.take(Some(Request::archive(rest))),
                },
                Ok(Turn::Refused(source)) => break self.refused(source),
                Err(error) => break error,
            }
        };
        self.keeper.end().await;
        Err(self.fail(read, &mut requests).await)
    }

    /// Reads as a follower until nobody can ask any more. What it may not lock is left to the leader, and so is all that is asked for where the
    /// connection is of no more use: why is returned then. Where it fails in the midst of something, whoever has asked for that hears of it, and may
    /// ask again.
    async fn follow(
        mut self,
        requests: &mut UnboundedReceiver<Request>,
        followers: &Followers,
    ) -> Option<String> {
        // What was said when it was opened.
        tell_said(&mut self.session, None, &self.told);
        let let_through = |request: Request| {
            let first = followers.plan.parts.get(request.parts.start);
            if first.is_some_and(|part| followers.contended().contains(&part.job)) {
                let _ = followers.leader.send(request);
                return None;
            }
            Some(request)
        };
        loop {
            match self.turn(requests, let_through).await {
                Ok(Turn::On) => {}
                Ok(Turn::Over) => break,
                Ok(Turn::Refused(reason)) => {
                    let is_lock = self.note_refusal(&reason, followers);
                    for request in self.asked.drain(..) {
                        let _ = followers.leader.send(request);
                    }
                    if !is_lock || !self.pass_over_sent().await {
                        self.keeper.end().await;
                        return Some(reason.with_causes());
                    }
                }
                Err(error) => return Some(self.leave(error, &followers.leader).await),
            }
        }
        self.keeper.end().await;
        // A pooler keeps a server's connection only if no transaction is open on it.
        let _ = self.session.query("COMMIT").await;
        tell_said(&mut self.session, None, &self.told);
        self.session.close().await;
        None
    }

    /// Sends what can be sent, and reads a part or waits for a request. Requests pass through `let_through`.
    async fn turn(
        &mut self,
        requests: &mut UnboundedReceiver<Request>,
        let_through: impl Fn(Request) -> Option<Request>,
    ) -> Result<Turn, Error> {
        while self.send_next()? {}
        while self.under_way < AHEAD {
            let Ok(request) = requests.try_recv() else {
                break;
            };
            self.take(let_through(request));
            while self.send_next()? {}
        }
        if !self.asked.is_empty() {
            return self.read_first().await;
        }
        match requests.recv().await {
            Some(request) => {
                self.take(let_through(request));
                Ok(Turn::On)
            }
            None => Ok(Turn::Over),
        }
    }

    /// Ends a follower that has failed: whoever has had a part of what was asked for hears of that, and what has not begun is left to the leader.
    /// Returns why.
    async fn leave(mut self, error: Error, leader: &UnboundedSender<Request>) -> String {
        // What the server does is cancelled before anybody is waited for.
        drop(self.session);
        self.keeper.end().await;
        let reason = match error
            .source()
            .and_then(|cause| cause.downcast_ref::<Cause>())
        {
            Some(cause) => format!("{error}: {}", cause.with_causes()),
            None => error.to_string(),
        };
        let mut error = Some(error);
        for request in self.asked {
            match error.take().filter(|_| request.has_begun) {
                Some(error) => {
                    let error = Error::Follower(Box::new(error));
                    request.end(Err(Arc::new(error))).await;
                }
                None => drop(leader.send(request)),
            }
        }
        reason
    }

    /// Lets everybody know who waits that nothing will come any more.
    async fn fail(mut self, error: Error, requests: &mut UnboundedReceiver<Request>) -> Arc<Error> {
        let error = Arc::new(error);
        // What the server does is cancelled before anybody is waited for.
        drop(self.session);
        requests.close();
        while let Ok(request) = requests.try_recv() {
            self.asked.push_back(request);
        }
        for request in self.asked {
            request.end(Err(Arc::clone(&error))).await;
        }
        error
    }

    /// Takes a request, if there is one; its statements are not sent yet.
    fn take(&mut self, request: Option<Request>) {
        if let Some(request) = request {
            self.sent_up_to = request.parts.start;
            self.asked.push_back(request);
        }
    }

    /// Sends the next statement of the last request, if there is one and not too many are under way.
    fn send_next(&mut self) -> Result<bool, Error> {
        let Some(last) = self.asked.back() else {
            return Ok(false);
        };
        if self.sent_up_to >= last.parts.end || self.under_way >= AHEAD {
            return Ok(false);
        }
        let part = &self.plan.parts[self.sent_up_to];
        let sql = statement(&self.plan, part, last.format, &mut self.locks);
        let sent = self.session.queue_copy_out(sql);
        sent.map_err(|source| refused(part, &self.plan, source))?;
        self.sent_up_to += 1;
        self.under_way += 1;
        Ok(true)
    }

    /// Reads the next part of the first request, and ends the request with its last.
    async fn read_first(&mut self) -> Result<Turn, Error> {
        let Some(request) = self.asked.front_mut() else {
            return Ok(Turn::On);
        };
        if !request.parts.is_empty() {
            let position = request.parts.start;
            let part = &self.plan.parts[position];
            let mut copy = match self.session.next_copy_out().await {
                Ok(copy) => copy.expect("statements are sent before they are read"),
                Err(source @ Cause::Statement { .. }) => {
                    self.under_way -= 1;
                    return Ok(Turn::Refused(source));
                }
                Err(source) => return Err(refused(part, &self.plan, source)),
            };
            request.has_begun = true;
            request.count +=
                pass_on(&mut copy, request, &self.plan, position, &mut self.keeper).await?;
            self.under_way -= 1;
            request.has_begun = false;
            request.parts.start += 1;
            let work = &self.plan.jobs[part.job].work;
            tell_said(&mut self.session, Some(work), &self.told);
        }
        // Of what nobody wants any more, nothing is begun that was not sent.
        let is_last = self.asked.len() == 1;
        let request = &mut self.asked[0];
        if is_last && !request.is_wanted(&self.keeper) {
            request.parts.end = self.sent_up_to.max(request.parts.start);
        }
        if request.parts.is_empty() {
            if let Some(request) = self.asked.pop_front() {
                request.end(Ok(())).await;
            }
        }
        Ok(Turn::On)
    }

    /// Notes that the first part was refused; whether it was for a lock that somebody else waits for.
    fn note_refusal(&self, reason: &Cause, followers: &Followers) -> bool {
        let first = self.asked.front();
        let job = first.map(|request| self.plan.parts[request.parts.start].job);
        let table = job.and_then(|job| Some((job, followers.table(job)?)));
        let Some((job, name)) = table.filter(|_| reason.sqlstate() == Some(LOCK_NOT_AVAILABLE))
        else {
            return false;
        };
        if followers.contended().insert(job) {
            let reason = reason.with_causes();
            let _ = self.told.send(Progress::TableContended { name, reason });
        }
        true
    }

    /// The error for the part that comes first.
    fn refused(&self, source: Cause) -> Error {
        match self.asked.front() {
            Some(request) => refused(&self.plan.parts[request.parts.start], &self.plan, source),
            None => Error::Gone,
        }
    }

    /// Reads over what was sent and is left to the leader. Whether the session can go on then.
    async fn pass_over_sent(&mut self) -> bool {
        self.under_way = 0;
        self.locks.pass_over_sent(&mut self.session).await
    }
}

/// Opens a connection beside the leader's, and reads what it is asked for over it until nobody can ask any more. What it may not lock, and everything
/// where it cannot be had or is of no more use, is left to the leader.
pub(super) async fn follow(
    opening: Opening,
    mut requests: UnboundedReceiver<Request>,
    followers: &Followers,
) {
    let reason = match opening.await {
        Ok(session) => {
            let (plan, told) = (Arc::clone(&followers.plan), followers.told.clone());
            let keeper = Keeper::new(followers.keeping.clone(), false);
            let connection = Connection::of_follower(session, plan, told, keeper);
            connection.follow(&mut requests, followers).await
        }
        Err(reason) => Some(reason),
    };
    if let Some(reason) = reason {
        let _ = followers.told.send(Progress::FewerConnections { reason });
        while let Some(request) = requests.recv().await {
            let _ = followers.leader.send(request);
        }
    }
}

/// Passes a part's data on, to the archive too, and returns how many rows or large objects it was. Where nobody wants it any more it is read over: the
/// server cannot stop without giving up the transaction.
async fn pass_on(
    copy: &mut CopyOut<'_>,
    request: &Request,
    plan: &Plan,
    position: usize,
    keeper: &mut Keeper,
) -> Result<u64, Error> {
    let part = &plan.parts[position];
    let job = &plan.jobs[part.job];
    // An archive has rows as text.
    if request.format == Format::Text {
        keeper.begin(position, job, part).await;
    }
    let count = match (&job.work, &part.extent) {
        (Work::LargeObjects { oids }, Extent::LargeObjects(range)) => {
            let oids = &oids[range.clone()];
            let mut objects = large_object::Objects::new(copy, oids);
            while let Some(object) = objects.next().await? {
                keeper.object(&object).await;
                request.give_object(object).await?;
            }
            oids.len() as u64
        }
        (Work::Table(table), _) => {
            let failed = |source| Error::Table {
                table: table.name.clone(),
                source,
            };
            let unlike = || Error::TableFormat {
                table: table.name.clone(),
            };
            let mut stripped = (request.format == Format::Binary).then(Stripped::default);
            while let Some(piece) = copy.next().await.map_err(failed)? {
                let rows = match &mut stripped {
                    Some(stripped) => stripped.next(piece).ok_or_else(unlike)?,
                    None => piece,
                };
                if !rows.is_empty() {
                    keeper.rows(part, &rows).await;
                    request.give_rows(rows).await?;
                }
            }
            if let Some(stripped) = stripped {
                let rows = stripped.end().ok_or_else(unlike)?;
                if !rows.is_empty() {
                    request.give_rows(rows).await?;
                }
            }
            copy.rows().ok_or_else(|| Error::TableAnswer {
                table: table.name.clone(),
            })?
        }
        (Work::LargeObjects { .. }, _) => return Err(Error::Gone),
    };
    keeper.end_part(job, part).await;
    Ok(count)
}

/// Tells what the server has said since the last time.
fn tell_said(session: &mut Session, work: Option<&Work>, told: &UnboundedSender<Progress>) {
    let notices = session.take_notices();
    let table = match work {
        Some(Work::Table(table)) => Some(table.name.clone()),
        Some(Work::LargeObjects { .. }) | None => None,
    };
    if !notices.is_empty() {
        let _ = told.send(Progress::Said { table, notices });
    }
}
