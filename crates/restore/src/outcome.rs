//! What a restore came to.

use std::path::PathBuf;

use bstr::BString;
use pgdumprs_connect::ServerError;

use crate::Error;

/// A statement that the server refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Failure {
    /// The entry's number in the archive; `None` for what is not of an entry.
    pub dump_id: Option<i32>,
    /// What was to be restored, as the archive's list names it: kind, schema and name.
    pub entry: BString,
    /// The statement, or its beginning where it holds data.
    pub statement: BString,
    /// What the server said.
    pub error: Box<ServerError>,
}

impl Failure {
    /// A statement of an entry, which the archive's list names so.
    pub fn new(dump_id: i32, entry: BString, statement: BString, error: ServerError) -> Self {
        Failure {
            dump_id: Some(dump_id),
            entry,
            statement,
            error: Box::new(error),
        }
    }

    /// A statement that is of no entry.
    pub fn of_none(statement: BString, error: ServerError) -> Self {
        Failure {
            dump_id: None,
            entry: BString::default(),
            statement,
            error: Box::new(error),
        }
    }
}

/// What became of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TableOutcome {
    /// The number of the entry that holds the rows.
    pub dump_id: i32,
    /// The table, as the archive's list names it: schema and name.
    pub name: BString,
    /// Rows in the archive. `None` where they are not rows but INSERT statements, or were not read.
    pub archived: Option<u64>,
    /// Rows that the server says it has taken.
    pub loaded: u64,
}

impl TableOutcome {
    /// Whether all rows have come in, as far as that can be told.
    pub fn is_complete(&self) -> bool {
        self.archived == Some(self.loaded)
    }
}

/// What a restore came to.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// What failed, in the order in which it did.
    pub failures: Vec<Failure>,
    /// Each table whose rows were to be loaded, in the archive's order.
    pub tables: Vec<TableOutcome>,
    /// Large objects whose content was written.
    pub large_objects: u64,
    /// Numbers of the entries that nothing was done for, because the restore ended before.
    pub not_reached: Vec<i32>,
    /// What ended it before its end. `None` also where it stopped at the first failure, as it was told to.
    pub stopped: Option<Error>,
    /// The server's transaction was given up, and nothing is left of what it held.
    pub rolled_back: bool,
    /// All that was done is known to be on the server's disk.
    pub durable: bool,
    /// The journal that another run can go on with.
    pub journal: Option<PathBuf>,
}

impl Outcome {
    /// Whether everything in the script was done and every row is there.
    pub fn is_complete(&self) -> bool {
        self.failures.is_empty()
            && self.not_reached.is_empty()
            && self.stopped.is_none()
            && self.durable
            && self
                .tables
                .iter()
                .all(|table| table.archived.is_none() || table.is_complete())
    }
}
