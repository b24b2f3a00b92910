//! Subscriptions (`pg_subscription`) of this database.

use std::fmt;

use bstr::BString;

use crate::query::cells::Cells;
use crate::query::flight::Listed;
use crate::{Error, Oid};

/// How a subscription reaches its publisher.
#[derive(Clone)]
pub enum Publisher {
    /// By a connection string, which may hold a password.
    Conninfo(BString),
    /// By the options of the foreign server with this name, unquoted (since 19).
    Server(BString),
}

/// A subscription. Only superusers may read them whole.
#[derive(Clone)]
pub struct Subscription {
    /// OID in `pg_subscription`.
    pub oid: Oid,
    /// Name, unquoted.
    pub name: BString,
    /// OID of the owning role.
    pub owner: Oid,
    /// How to reach the publisher.
    pub publisher: Publisher,
    /// Name of the slot on the publisher; `None` for none.
    pub slot_name: Option<BString>,
    /// The setting `synchronous_commit` of its workers.
    pub synchronous_commit: BString,
    /// Names of the publications, unquoted.
    pub publications: Vec<BString>,
    /// Whether data comes in binary (since 14).
    pub binary: bool,
    /// Streaming of unfinished transactions (since 14): `f` off, `t` on, `p` parallel.
    pub streaming: u8,
    /// Whether two-phase commit is asked for, be it in force already or not (since 15).
    pub two_phase: bool,
    /// Whether an error disables it (since 15).
    pub disable_on_error: bool,
    /// Whether its owner must log in with a password (since 16).
    pub password_required: bool,
    /// Whether changes are applied as its owner rather than as the table's (since 16).
    pub run_as_owner: bool,
    /// Which origin changes may have: `any` or `none` (since 16).
    pub origin: BString,
    /// Whether its slot is kept on the publisher's standbys (since 17).
    pub failover: bool,
    /// Whether rows that are dead stay as long as conflicts may need them (since 19).
    pub retain_dead_tuples: bool,
    /// How long they stay at most, in milliseconds; 0 for as long as it takes (since 19).
    pub max_retention: i32,
    /// The setting `wal_receiver_timeout` of its workers; `-1` for the server's (since 19).
    pub wal_receiver_timeout: BString,
}

impl fmt::Debug for Subscription {
    /// Without the connection string, which may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscription")
            .field("oid", &self.oid)
            .field("name", &self.name)
            .field("publications", &self.publications)
            .finish_non_exhaustive()
    }
}

/// The database that the session is in.
const THIS_DATABASE: &str = "(SELECT d.oid FROM pg_catalog.pg_database AS d
                               WHERE d.datname = pg_catalog.current_database())";

impl Listed for Subscription {
    const WHAT: &'static str = "subscriptions";

    /// What a server does not know yet stands in its list as what newer servers do by default. So does running as the owner, which is
    /// all that servers before 16 can do: they would refuse to be told.
    fn query(version: u32) -> String {
        let since = |since: u32, column: &'static str, before: &'static str| {
            if version >= since { column } else { before }
        };
        format!(
            "SELECT s.oid, s.subname, s.subowner, {server}, s.subconninfo, s.subslotname, s.subsynccommit,
                    s.subpublications, {binary}, {streaming}, {two_phase}, {disable_on_error}, {password_required},
                    {run_as_owner}, {origin}, {failover}, {retain_dead_tuples}, {max_retention}, {receiver_timeout}
             FROM pg_catalog.pg_subscription AS s {servers}
             WHERE s.subdbid = {THIS_DATABASE}
             ORDER BY s.oid",
            binary = since(140000, "s.subbinary", "false"),
            // A boolean before 16, a \"char\" since: both begin with the same letters.
            streaming = since(140000, "s.substream", "false"),
            two_phase = since(150000, "s.subtwophasestate <> 'd'", "false"),
            disable_on_error = since(150000, "s.subdisableonerr", "false"),
            password_required = since(160000, "s.subpasswordrequired", "true"),
            run_as_owner = since(160000, "s.subrunasowner", "false"),
            origin = since(160000, "s.suborigin", "'any'"),
            failover = since(170000, "s.subfailover", "false"),
            server = since(190000, "f.srvname", "NULL"),
            servers = since(
                190000,
                "LEFT JOIN pg_catalog.pg_foreign_server AS f ON f.oid = s.subserver",
                ""
            ),
            retain_dead_tuples = since(190000, "s.subretaindeadtuples", "false"),
            max_retention = since(190000, "s.submaxretention", "0"),
            receiver_timeout = since(190000, "s.subwalrcvtimeout", "'-1'"),
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self {
            oid: cells.oid()?,
            name: cells.text()?,
            owner: cells.oid()?,
            publisher: decode_publisher(cells)?,
            slot_name: cells.opt_text()?,
            synchronous_commit: cells.text()?,
            publications: cells.array()?,
            binary: cells.bool()?,
            streaming: cells.char()?,
            two_phase: cells.bool()?,
            disable_on_error: cells.bool()?,
            password_required: cells.bool()?,
            run_as_owner: cells.bool()?,
            origin: cells.text()?,
            failover: cells.bool()?,
            retain_dead_tuples: cells.bool()?,
            max_retention: cells.get()?,
            wal_receiver_timeout: cells.text()?,
        })
    }
}

/// Decodes two columns: the server's name and the connection string, which is NULL where there is a server.
fn decode_publisher(cells: &mut Cells<'_>) -> Result<Publisher, Error> {
    Ok(match cells.opt_text()? {
        Some(server) => {
            cells.opt_text()?;
            Publisher::Server(server)
        }
        None => Publisher::Conninfo(cells.text()?),
    })
}

/// The subscriptions that a role which is no superuser may not read, by what it may know of them.
pub(crate) struct HiddenSubscription(pub(crate) BString);

impl Listed for HiddenSubscription {
    const WHAT: &'static str = "names of subscriptions";

    fn query(_version: u32) -> String {
        format!(
            "SELECT s.subname FROM pg_catalog.pg_subscription AS s WHERE s.subdbid = {THIS_DATABASE} ORDER BY 1"
        )
    }

    fn decode(cells: &mut Cells<'_>) -> Result<Self, Error> {
        Ok(Self(cells.text()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_output_keeps_the_connection_string() {
        let subscription = Subscription {
            oid: 16400,
            name: "s".into(),
            owner: 10,
            publisher: Publisher::Conninfo("host=h password=hunter2".into()),
            slot_name: None,
            synchronous_commit: "off".into(),
            publications: vec!["p".into()],
            binary: false,
            streaming: b'f',
            two_phase: false,
            disable_on_error: false,
            password_required: true,
            run_as_owner: false,
            origin: "any".into(),
            failover: false,
            retain_dead_tuples: false,
            max_retention: 0,
            wal_receiver_timeout: "-1".into(),
        };
        let shown = format!("{subscription:?}");
        assert!(
            shown.contains("16400") && !shown.contains("hunter2"),
            "{shown}"
        );
    }
}
