//! Many queries in one round trip.

use bstr::BString;
use pgdumprs_connect::{Rows, Session};

use crate::cells::Cells;
use crate::{Error, Oid};

/// A kind of row that one query fetches for the whole database.
pub(crate) trait Listed: Sized {
    /// What the rows are, as messages name it: "schemas", "tables".
    const WHAT: &'static str;

    /// The query for a server whose version number is `version` (170011 for 17.11).
    fn query(version: u32) -> String;

    /// Decodes one row; cells come in the order of the query's select list.
    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error>;
}

/// A kind of row that one query fetches for the objects whose OIDs are given.
pub(crate) trait Detailed: Sized {
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
    what: &'static str,
    decode: fn(&mut Cells<'_>) -> Result<T, Error>,
}

/// Queries that are sent together and answered together.
pub(crate) struct Flight {
    version: u32,
    statements: Vec<BString>,
    whats: Vec<&'static str>,
}

impl Flight {
    pub(crate) fn new(version: u32) -> Self {
        Self {
            version,
            statements: Vec::new(),
            whats: Vec::new(),
        }
    }

    /// Asks with a statement that is not made from OIDs alone. Names in it may be in any encoding.
    pub(crate) fn push<T>(
        &mut self,
        what: &'static str,
        statement: BString,
        decode: fn(&mut Cells<'_>) -> Result<T, Error>,
    ) -> Ticket<T> {
        self.statements.push(statement);
        self.whats.push(what);
        Ticket {
            position: Some(self.statements.len() - 1),
            what,
            decode,
        }
    }

    /// Asks for all rows of a kind.
    pub(crate) fn list<T: Listed>(&mut self) -> Ticket<T> {
        self.push(T::WHAT, T::query(self.version).into(), T::decode)
    }

    /// Asks for all rows of a kind that servers before `since` do not know: there, the answer is empty.
    pub(crate) fn list_since<T: Listed>(&mut self, since: u32) -> Ticket<T> {
        self.list_if(self.version >= since)
    }

    /// Asks for all rows of a kind where they are wanted: the answer is empty otherwise.
    pub(crate) fn list_if<T: Listed>(&mut self, wanted: bool) -> Ticket<T> {
        if !wanted {
            return Ticket {
                position: None,
                what: T::WHAT,
                decode: T::decode,
            };
        }
        self.list()
    }

    /// Asks for the details of the objects in `oids`; costs nothing where there are none.
    pub(crate) fn detail<T: Detailed>(&mut self, oids: &[Oid]) -> Ticket<T> {
        if oids.is_empty() {
            return Ticket {
                position: None,
                what: T::WHAT,
                decode: T::decode,
            };
        }
        self.push(T::WHAT, T::query(self.version, oids).into(), T::decode)
    }

    /// Sends everything and waits for all answers.
    pub(crate) async fn run(self, session: &mut Session) -> Result<Landed, Error> {
        let results = session.pipeline(&self.statements).await.map_err(|source| {
            let what = match &source {
                pgdumprs_connect::Error::Statement {
                    index: Some(index), ..
                } => self.whats[*index],
                _ => "objects",
            };
            Error::Query { what, source }
        })?;
        Ok(Landed { results })
    }
}

/// The answers of a flight.
pub(crate) struct Landed {
    results: Vec<Rows>,
}

impl Landed {
    /// Decodes the rows that `ticket` stands for, in the server's order.
    pub(crate) fn take<T>(&self, ticket: Ticket<T>) -> Result<Vec<T>, Error> {
        let Some(position) = ticket.position else {
            return Ok(Vec::new());
        };
        self.results[position]
            .iter()
            .map(|row| (ticket.decode)(&mut Cells::new(ticket.what, row)))
            .collect()
    }
}
