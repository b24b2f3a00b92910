//! Whether two sessions are with one database.

use bstr::BString;
use pgdumprs_connect::{Error, Session};

/// What tells a server and its database from others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Identity {
    /// When the server was started, to the microsecond: no two servers start at once.
    started: BString,
    /// The number that standbys share with their primary. Only where the role may ask for it.
    system: Option<BString>,
    is_standby: bool,
    database: u32,
}

/// What tells servers apart, the same whatever the session's settings are. Not everybody may ask for the system's number.
const IDENTIFY: &str = "SELECT pg_catalog.to_char(pg_catalog.pg_postmaster_start_time() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'),
     pg_catalog.pg_is_in_recovery(),
     (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()),
     EXISTS (SELECT FROM pg_catalog.pg_proc
             WHERE proname = 'pg_control_system' AND pronamespace = 'pg_catalog'::pg_catalog.regnamespace
             AND pg_catalog.has_function_privilege(oid, 'EXECUTE'))";

impl Identity {
    /// Asks a session, which may be in a transaction.
    pub(super) async fn of(session: &mut Session) -> Result<Self, Error> {
        let rows = session.query(IDENTIFY).await?;
        let row = rows.one()?;
        let (started, is_standby, database) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let may_ask: bool = row.get(3)?;
        let system = match may_ask {
            true => {
                let sql = "SELECT system_identifier FROM pg_catalog.pg_control_system()";
                Some(session.query(sql).await?.one()?.get(0)?)
            }
            false => None,
        };
        Ok(Identity {
            started,
            system,
            is_standby,
            database,
        })
    }

    /// Whether what one server changes shows on the other: they are one, or one follows the other. A copy that was made from a backup of the other
    /// and goes its own way has the same number, and is another server.
    pub(super) fn shares_server(&self, other: &Identity) -> bool {
        let is_one = self.started == other.started
            && match (&self.system, &other.system) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
        let follows = self.is_standby || other.is_standby;
        is_one || follows && self.system.is_some() && self.system == other.system
    }

    /// Whether they are one database.
    pub(super) fn is_same(&self, other: &Identity) -> bool {
        self.shares_server(other) && self.database == other.database
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(started: &str, system: Option<&str>, is_standby: bool, database: u32) -> Identity {
        Identity {
            started: started.into(),
            system: system.map(BString::from),
            is_standby,
            database,
        }
    }

    #[test]
    fn a_standby_is_its_primary_and_a_copy_that_goes_its_own_way_is_not() {
        let primary = identity("1", Some("7"), false, 5);
        assert!(primary.is_same(&primary));
        assert!(!primary.is_same(&identity("1", Some("7"), false, 6)));
        assert!(primary.is_same(&identity("2", Some("7"), true, 5)));
        assert!(!primary.is_same(&identity("2", Some("7"), false, 5)));
        assert!(!primary.is_same(&identity("2", Some("8"), true, 5)));
        // Where it may not be asked for.
        assert!(primary.is_same(&identity("1", None, false, 5)));
        assert!(!primary.is_same(&identity("2", None, true, 5)));
    }
}
