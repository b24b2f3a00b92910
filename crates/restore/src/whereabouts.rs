//! Which server a session is at, and which of its databases it is in.

use std::fmt;

use bstr::BString;
use pgdumprs_connect::{Error, Rows, Session};

/// The parts that tell where a session is, each as an expression.
const DATABASE: &str = "(SELECT oid::pg_catalog.text FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())";
const SYSTEM: &str =
    "(SELECT system_identifier::pg_catalog.text FROM pg_catalog.pg_control_system())";
/// A file of the log has the number of the timeline before its own.
const TIMELINE: &str =
    "pg_catalog.left(pg_catalog.pg_walfile_name(pg_catalog.pg_current_wal_insert_lsn()), 8)";

/// A server and one of its databases, as what stays the same when the server starts again, and is not the same for any other: the server's
/// identifier, the timeline of its log, and the database's number. Hosts may have closed the first two.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Whereabouts {
    system: Option<BString>,
    timeline: Option<BString>,
    database: BString,
}

impl Whereabouts {
    /// Finds out where a session is.
    ///
    /// # Errors
    ///
    /// As for [`Session::query`].
    pub async fn of(session: &mut Session) -> Result<Self, Error> {
        let whole = session.query(question(true, true)).await;
        let rows = match whole {
            Err(Error::Statement { .. }) => {
                let system = is_told(session, SYSTEM).await?;
                let timeline = is_told(session, TIMELINE).await?;
                session.query(question(system, timeline)).await?
            }
            other => other?,
        };
        Self::read(&rows)
    }

    /// What asks another session the same.
    pub(crate) fn question(&self) -> String {
        question(self.system.is_some(), self.timeline.is_some())
    }

    /// The answer to that.
    pub(crate) fn read(rows: &Rows) -> Result<Self, Error> {
        let row = rows.one()?;
        Ok(Whereabouts {
            database: row.get(0)?,
            system: row.get(1)?,
            timeline: row.get(2)?,
        })
    }

    /// How another session's whereabouts differ from these, if they do.
    pub(crate) fn difference(&self, other: &Self) -> Option<&'static str> {
        let differences = [
            (self.system != other.system, "another server"),
            (
                self.timeline != other.timeline,
                "a server that has gone on from an earlier state of the one before (a standby that was promoted, or a backup)",
            ),
            (
                self.database != other.database,
                "another database of the same name",
            ),
        ];
        let found = differences.iter().find(|(differs, _)| *differs);
        found.map(|(_, what)| *what)
    }

    /// The same server, with another database.
    pub(crate) fn in_database_of(&self, other: &Self) -> Self {
        Whereabouts {
            database: other.database.clone(),
            ..self.clone()
        }
    }
}

impl fmt::Display for Whereabouts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for part in [&self.system, &self.timeline] {
            match part {
                Some(part) => write!(f, "{part} ")?,
                None => f.write_str("unknown ")?,
            }
        }
        write!(f, "{}", self.database)
    }
}

fn question(system: bool, timeline: bool) -> String {
    let system = if system { SYSTEM } else { "NULL" };
    let timeline = if timeline { TIMELINE } else { "NULL" };
    format!("SELECT {DATABASE}, {system}, {timeline}")
}

async fn is_told(session: &mut Session, what: &str) -> Result<bool, Error> {
    match session.query(format!("SELECT {what}")).await {
        Ok(_) => Ok(true),
        Err(Error::Statement { .. }) => Ok(false),
        Err(error) => Err(error),
    }
}
