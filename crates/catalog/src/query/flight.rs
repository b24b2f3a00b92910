//! Many queries in one round trip.

use std::any::Any;
use std::cell::Cell;
use std::marker::PhantomData;
use std::sync::mpsc;

use bstr::BString;
use pgdumprs_connect::{Encoding, Rows, Session};
use tokio::task::{JoinError, JoinHandle};

use crate::query::cells::Cells;
use crate::{Error, Oid, Scope};

/// A kind of row that one query fetches for the whole database.
pub(crate) trait Listed: Sized + Send + 'static {
    /// What the rows are, as messages name it: "schemas", "tables".
    const WHAT: &'static str;

    /// Whether there is any use for the rows. Otherwise the query is not sent: a role may not be allowed to ask it.
    fn is_in_scope(_scope: &Scope) -> bool {
        true
    }

    /// The query for a server whose version number is `version` (170011 for 17.11).
    fn query(version: u32) -> String;

    /// Decodes one row; cells come in the order of the query's select list.
    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error>;
}

/// A kind of row that one query fetches for the objects whose OIDs are given.
pub(crate) trait Detailed: Sized + Send + 'static {
    /// What the rows are, as messages name it.
    const WHAT: &'static str;

    /// The query for the objects in `oids`, which [`oid_list`] renders. Never called with an empty list.
    fn query(version: u32, oids: &[Oid]) -> String;

    /// Decodes one row; cells come in the order of the query's select list.
    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error>;
}

/// Renders OIDs as a row source: join it as `FROM {} AS wanted(oid) JOIN …`.
///
/// A join with an unnested array stays a hash join however long the list is; an `IN` list does not.
pub(crate) fn oid_list(oids: &[Oid]) -> String {
    use std::fmt::Write;
    let mut list = String::with_capacity(64 + oids.len() * 8);
    list.push_str("pg_catalog.unnest('{");
    for (i, oid) in oids.iter().enumerate() {
        if i > 0 {
            list.push(',');
        }
        let _ = write!(list, "{oid}");
    }
    list.push_str("}'::pg_catalog.oid[])");
    list
}

/// Where one query's rows will be found after the flight.
pub(crate) struct Ticket<T> {
    /// `None`: the query was not worth asking, its result is known to be empty.
    position: Option<usize>,
    rows: PhantomData<fn() -> T>,
}

impl<T> Ticket<T> {
    /// Stands for an empty result.
    pub(crate) fn empty() -> Self {
        Self {
            position: None,
            rows: PhantomData,
        }
    }
}

/// Makes rows of one kind from a result that comes in batches.
trait Decoding: Send {
    /// Adds rows whose texts are in `encoding`.
    fn add(&mut self, batch: &Rows, encoding: Encoding) -> Result<(), Error>;

    /// The rows, a `Vec<T>` of the type of the ticket.
    fn finish(self: Box<Self>) -> Box<dyn Any + Send>;
}

struct Decoder<T> {
    what: &'static str,
    decode: fn(&mut Cells<'_>) -> Result<T, Error>,
    rows: Vec<T>,
}

impl<T: Send + 'static> Decoding for Decoder<T> {
    fn add(&mut self, batch: &Rows, encoding: Encoding) -> Result<(), Error> {
        self.rows.reserve(batch.len());
        for row in batch {
            let row = (self.decode)(&mut Cells::new(self.what, row, encoding))?;
            self.rows.push(row);
        }
        Ok(())
    }

    fn finish(self: Box<Self>) -> Box<dyn Any + Send> {
        Box::new(self.rows)
    }
}

/// Bytes of a result that are decoded together. The rest of a result need not be in memory as it came.
const BATCH: usize = 256 * 1024;

/// Queries that are sent together and answered together.
pub(crate) struct Flight {
    version: u32,
    statements: Vec<BString>,
    subjects: Vec<Subject>,
    decoders: Vec<Box<dyn Decoding>>,
}

/// What a statement is about, for errors.
enum Subject {
    /// Rows of a kind.
    Rows(&'static str),
    /// Objects that match this pattern.
    Pattern(BString),
}

impl Flight {
    pub(crate) fn new(version: u32) -> Self {
        Self {
            version,
            statements: Vec::new(),
            subjects: Vec::new(),
            decoders: Vec::new(),
        }
    }

    /// Version number of the server that is asked.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// Asks with a statement that is not made from OIDs alone. Names in it may be in any encoding.
    pub(crate) fn push<T: Send + 'static>(
        &mut self,
        what: &'static str,
        statement: BString,
        decode: fn(&mut Cells<'_>) -> Result<T, Error>,
    ) -> Ticket<T> {
        self.statements.push(statement);
        self.subjects.push(Subject::Rows(what));
        self.decoders.push(Box::new(Decoder {
            what,
            decode,
            rows: Vec::new(),
        }));
        Ticket {
            position: Some(self.statements.len() - 1),
            rows: PhantomData,
        }
    }

    /// As [`Flight::push`], for the objects that match a pattern.
    pub(crate) fn push_for<T: Send + 'static>(
        &mut self,
        pattern: BString,
        statement: BString,
        decode: fn(&mut Cells<'_>) -> Result<T, Error>,
    ) -> Ticket<T> {
        let ticket = self.push("names to match", statement, decode);
        self.subjects.pop();
        self.subjects.push(Subject::Pattern(pattern));
        ticket
    }

    /// Asks for all rows of a kind.
    pub(crate) fn list<T: Listed>(&mut self) -> Ticket<T> {
        self.push(T::WHAT, T::query(self.version).into(), T::decode)
    }

    /// Asks for all rows of a kind where they are wanted: the answer is empty otherwise.
    pub(crate) fn list_if<T: Listed>(&mut self, wanted: bool) -> Ticket<T> {
        if !wanted {
            return Ticket::empty();
        }
        self.list()
    }

    /// Asks for the details of the objects in `oids`, which servers before `since` do not have: there, the answer is empty.
    pub(crate) fn detail_since<T: Detailed>(&mut self, since: u32, oids: &[Oid]) -> Ticket<T> {
        self.detail(if self.version >= since { oids } else { &[] })
    }

    /// Asks for the details of the objects in `oids`; costs nothing where there are none.
    pub(crate) fn detail<T: Detailed>(&mut self, oids: &[Oid]) -> Ticket<T> {
        if oids.is_empty() {
            return Ticket::empty();
        }
        self.push(T::WHAT, T::query(self.version, oids).into(), T::decode)
    }

    /// Sends everything and waits for all answers.
    ///
    /// They are decoded beside the async executor, which must stay responsive, and while the server still works on the next ones.
    pub(crate) async fn run(self, session: &mut Session) -> Result<Landed, Error> {
        let (sender, receiver) = mpsc::channel::<(usize, Rows)>();
        let mut decoders = self.decoders;
        let encoding = session.client_encoding();
        // One thread for all: more would each keep memory of its own, and the server is slower than one.
        let decoding = tokio::task::spawn_blocking(move || {
            for (index, batch) in receiver {
                decoders[index].add(&batch, encoding)?;
            }
            Ok(decoders)
        });
        let arrived = move |index, batch| {
            // Where the receiver is gone it knows why, and tells below.
            let _ = sender.send((index, batch));
        };
        let answered = session
            .pipeline_each(&self.statements, BATCH, arrived)
            .await;
        let decoded = joined(decoding).await;
        match answered {
            Ok(()) => Ok(Landed {
                results: decoded?
                    .into_iter()
                    .map(|decoder| Cell::new(Some(decoder.finish())))
                    .collect(),
            }),
            Err(source) => {
                let subject = match &source {
                    pgdumprs_connect::Error::Statement {
                        index: Some(index), ..
                    } => &self.subjects[*index],
                    _ => &Subject::Rows("objects"),
                };
                Err(match subject {
                    Subject::Rows(what) => Error::Query { what, source },
                    Subject::Pattern(pattern) => Error::Pattern {
                        pattern: pattern.clone(),
                        source,
                    },
                })
            }
        }
    }
}

/// Runs what takes long beside the async executor.
pub(crate) async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    joined(tokio::task::spawn_blocking(work)).await
}

/// The value of a blocking task. Its panic goes on here; where it was cancelled, the runtime ends, and whoever waits here will be
/// dropped as well.
async fn joined<T>(task: JoinHandle<T>) -> T {
    match task.await.map_err(JoinError::try_into_panic) {
        Ok(value) => value,
        Err(Ok(panic)) => std::panic::resume_unwind(panic),
        Err(Err(_)) => std::future::pending().await,
    }
}

/// The answers of a flight.
pub(crate) struct Landed {
    /// Each is taken out once, by its ticket.
    results: Vec<Cell<Option<Box<dyn Any + Send>>>>,
}

impl Landed {
    /// The rows that `ticket` stands for, in the server's order.
    pub(crate) fn take<T: 'static>(&self, ticket: Ticket<T>) -> Result<Vec<T>, Error> {
        let Some(position) = ticket.position else {
            return Ok(Vec::new());
        };
        let rows = self.results[position]
            .take()
            .expect("a ticket is good for one answer");
        let rows = rows.downcast();
        Ok(*rows.expect("the ticket's type is that of its decoder"))
    }
}
