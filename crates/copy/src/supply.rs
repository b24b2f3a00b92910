//! The data of a plan for whoever loads it elsewhere: each entry's when it is asked for, over as many connections as read in the snapshot.
//!
//! Whoever loads takes a [`Tap`] for each of its own connections. What is asked for over one tap comes in the order in which it was asked for, and
//! the statements of what comes next are sent before what comes first has been read: a slow link costs no round trip a table. Nothing is gathered
//! on the way: what is not taken stays with the server.
//!
//! Locks are those of a dump. The leader holds them all; what a follower may not lock, or cannot read since there is no connection for it, is read
//! by the leader.

mod archive;
mod binary;
mod connection;
mod pieces;
mod request;

use std::collections::{HashMap, HashSet, VecDeque};
use std::fs::File;
use std::io;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bstr::BString;
use pgdumprs_connect::Session;
use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task::{JoinError, JoinSet};
use tracing::Instrument;

pub use archive::Archiving;
pub use binary::{BINARY_HEADER, BINARY_TRAILER};
pub use pieces::{Objects, Pieces};

use crate::supply::archive::{Keeper, Keeping};
use crate::supply::connection::{Connection, follow};
use crate::supply::request::Request;
use crate::{Error, Format, Opening, Plan, Progress, Settings, Steps, Work};

/// Pieces that may wait for whoever has asked for them, of each entry or part of one.
const WAITING: usize = 4;

/// Data that can be read, for as many connections as load it.
#[derive(Clone)]
pub struct Supply {
    shared: Arc<Shared>,
    /// Whether rows may come in COPY's binary format.
    may_be_binary: bool,
}

struct Shared {
    plan: Arc<Plan>,
    /// The positions of each entry's parts.
    parts: HashMap<i32, Range<usize>>,
    leader: UnboundedSender<Request>,
    /// Connections that nobody reads over, the leader's first.
    idle: Mutex<VecDeque<UnboundedSender<Request>>>,
}

impl Shared {
    fn idle(&self) -> MutexGuard<'_, VecDeque<UnboundedSender<Request>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The connections that data is read over.
///
/// Dropping it ends them, and cancels what the server does for them.
pub struct Supplying {
    /// Each gives the leader's session back, or why it is gone; followers give nothing.
    connections: JoinSet<Option<Result<Session, Arc<Error>>>>,
    told: UnboundedReceiver<Progress>,
}

/// What followers share.
struct Followers {
    plan: Arc<Plan>,
    leader: UnboundedSender<Request>,
    /// Jobs whose tables others wait to lock.
    contended: Mutex<HashSet<usize>>,
    told: UnboundedSender<Progress>,
    /// What is read is written into an archive too.
    keeping: Option<Arc<Keeping>>,
}

impl Supply {
    /// Makes the data of `plan` ready to be read. The `leader`'s transaction is open and holds the locks of all tables; `others` are opened now, in
    /// its snapshot.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn new(leader: Session, others: Vec<Opening>, plan: Plan) -> (Supply, Supplying) {
        Self::begin(leader, others, plan, None)
    }

    /// As [`Supply::new`], and writes an archive of the same data: all of the plan, whatever of it is asked for. What was not is read at the end, before
    /// [`Supplying::end`] gives the leader back.
    ///
    /// `write` gets the steps in order, in a thread of its own, as for [`run`](crate::run()). What cannot be written yet waits in memory, and where that
    /// is not enough in the file `aside`, which is empty and open for reading and writing. Where the archive fails, everything else goes on.
    ///
    /// # Errors
    ///
    /// Where the system has no thread to give.
    ///
    /// # Panics
    ///
    /// Outside of a tokio runtime.
    pub fn archiving<W: Send + 'static>(
        leader: Session,
        others: Vec<Opening>,
        plan: Plan,
        settings: Settings,
        aside: File,
        write: impl FnOnce(Steps) -> W + Send + 'static,
    ) -> io::Result<(Supply, Supplying, Archiving<W>)> {
        let connections = 1 + others.len();
        let (keeping, archiving) = archive::begin(&plan, connections, settings, aside, write)?;
        let (supply, supplying) = Self::begin(leader, others, plan, Some(keeping));
        Ok((supply, supplying, archiving))
    }

    fn begin(
        leader: Session,
        others: Vec<Opening>,
        plan: Plan,
        keeping: Option<Arc<Keeping>>,
    ) -> (Supply, Supplying) {
        let plan = Arc::new(plan);
        let (tell, told) = mpsc::unbounded_channel();
        let (to_leader, requests) = mpsc::unbounded_channel();
        let mut connections = JoinSet::new();
        let keeper = Keeper::new(keeping.clone(), true);
        let leading = Connection::of_leader(leader, Arc::clone(&plan), tell.clone(), keeper);
        let leading = async move { Some(leading.lead(requests).await) };
        connections.spawn(leading.in_current_span());
        let followers = Arc::new(Followers {
            plan: Arc::clone(&plan),
            leader: to_leader.clone(),
            contended: Mutex::default(),
            told: tell,
            keeping,
        });
        let mut idle = VecDeque::from([to_leader.clone()]);
        for opening in others {
            let (to_follower, requests) = mpsc::unbounded_channel();
            let followers = Arc::clone(&followers);
            let following = async move {
                follow(opening, requests, &followers).await;
                None
            };
            connections.spawn(following.in_current_span());
            idle.push_back(to_follower);
        }
        let shared = Shared {
            parts: plan.data().collect(),
            plan,
            leader: to_leader,
            idle: Mutex::new(idle),
        };
        let supply = Supply {
            shared: Arc::new(shared),
            may_be_binary: false,
        };
        (supply, Supplying { connections, told })
    }

    /// Lets rows come in COPY's binary format, where whoever loads is a server that takes for the same what the source says in it: one of the same
    /// major release, with the same encoding.
    #[must_use]
    pub fn binary(mut self, may_be: bool) -> Self {
        self.may_be_binary = may_be;
        self
    }

    /// The format for an entry's rows that costs both servers least, provided that they go into a table which was made by its definition here.
    pub fn format(&self, dump_id: i32) -> Format {
        let shared = &self.shared;
        let first = shared.parts.get(&dump_id).map(|parts| parts.start);
        let part = first.and_then(|first| shared.plan.parts.get(first));
        match part.map(|part| &shared.plan.jobs[part.job].work) {
            Some(Work::Table(table)) if self.may_be_binary && table.is_binary_exact => {
                Format::Binary
            }
            _ => Format::Text,
        }
    }

    /// Bytes on disk of an entry's data, about; 0 where it has none.
    pub fn bytes(&self, dump_id: i32) -> u64 {
        let parts = self.shared.parts.get(&dump_id).cloned();
        let parts = &self.shared.plan.parts[parts.unwrap_or_default()];
        parts.iter().map(|part| part.bytes).sum()
    }

    /// In how many parts an entry's data can be read, one at least.
    pub fn parts(&self, dump_id: i32) -> usize {
        let parts = self.shared.parts.get(&dump_id);
        parts.map_or(1, ExactSizeIterator::len)
    }

    /// Gives a connection to read over: the leader's first, and the leader's as well where no other is left.
    pub fn tap(&self) -> Tap {
        let own = self.shared.idle().pop_front();
        Tap {
            requests: own.clone().unwrap_or_else(|| self.shared.leader.clone()),
            own,
            shared: Arc::clone(&self.shared),
        }
    }
}

/// What a connection that loads reads from. Whatever is asked for must be taken, or dropped, in the order in which it was asked for.
pub struct Tap {
    shared: Arc<Shared>,
    requests: UnboundedSender<Request>,
    /// The connection that is given back in the end.
    own: Option<UnboundedSender<Request>>,
}

impl Tap {
    /// All rows of a table, in their order; in [`Format::Binary`] without [`BINARY_HEADER`] and [`BINARY_TRAILER`].
    pub fn rows(&self, dump_id: i32, format: Format) -> Pieces {
        let parts = self.shared.parts.get(&dump_id).cloned();
        self.ask(parts.unwrap_or_default(), format)
    }

    /// The rows of one of a table's parts, the first of which is number 0.
    pub fn part(&self, dump_id: i32, part: usize, format: Format) -> Pieces {
        let parts = self.shared.parts.get(&dump_id).cloned().unwrap_or_default();
        let part = parts.start + part;
        self.ask(part..parts.end.min(part + 1), format)
    }

    /// The large objects of an entry.
    pub fn large_objects(&self, dump_id: i32) -> Objects {
        let parts = self.shared.parts.get(&dump_id).cloned();
        let (to, objects) = mpsc::channel(WAITING);
        self.send(Request::objects(parts.unwrap_or_default(), to));
        Objects::new(objects)
    }

    fn ask(&self, parts: Range<usize>, format: Format) -> Pieces {
        let (to, pieces) = mpsc::channel(WAITING);
        self.send(Request::rows(parts, format, to));
        Pieces::new(pieces)
    }

    /// Where nobody takes the request, whoever has made it hears that nobody reads any more.
    fn send(&self, request: Request) {
        let _ = self.requests.send(request);
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.idle().extend(self.own.take());
    }
}

impl Supplying {
    /// What the connections tell, as it comes; `None` when they have ended.
    pub async fn told(&mut self) -> Option<Progress> {
        self.told.recv().await
    }

    /// Waits until all that was asked for has been read, and every [`Supply`] and [`Tap`] is gone. Gives back the leader's session, whose transaction
    /// is still open.
    ///
    /// # Errors
    ///
    /// What kept the leader from reading. Where a follower could not read, whoever has asked it has heard of that.
    pub async fn end(mut self) -> Result<Session, Error> {
        let mut leader = Err(Error::Gone);
        while let Some(ended) = self.connections.join_next().await {
            match ended.map_err(JoinError::try_into_panic) {
                Ok(Some(led)) => {
                    leader = led.map_err(|error| Arc::try_unwrap(error).unwrap_or(Error::Gone));
                }
                Ok(None) => {}
                Err(Ok(panic)) => std::panic::resume_unwind(panic),
                // The runtime ends, and whoever waits here with it.
                Err(Err(_)) => std::future::pending().await,
            }
        }
        leader
    }
}

impl Followers {
    fn contended(&self) -> MutexGuard<'_, HashSet<usize>> {
        self.contended
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// The name of a job's table.
    fn table(&self, job: usize) -> Option<BString> {
        match &self.plan.jobs[job].work {
            Work::Table(table) => Some(table.name.clone()),
            Work::LargeObjects { .. } => None,
        }
    }
}
