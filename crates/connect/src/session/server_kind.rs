//! Whether a server is of the kind that `target_session_attrs` asks for.

use bstr::ByteSlice;

use crate::error::Error;
use crate::session::Session;

/// The kinds of server that one may insist on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ServerKind {
    Any,
    /// Transactions may write unless they say otherwise.
    ReadWrite,
    ReadOnly,
    /// Not in recovery.
    Primary,
    /// A hot standby.
    Standby,
    /// A hot standby, or any server where none can be reached.
    PreferStandby,
}

impl ServerKind {
    /// The values of `target_session_attrs`, the default first.
    pub(crate) const NAMES: [(&'static str, ServerKind); 6] = [
        ("any", ServerKind::Any),
        ("read-write", ServerKind::ReadWrite),
        ("read-only", ServerKind::ReadOnly),
        ("primary", ServerKind::Primary),
        ("standby", ServerKind::Standby),
        ("prefer-standby", ServerKind::PreferStandby),
    ];

    /// The value of `target_session_attrs` that stands for it.
    pub(crate) fn name(self) -> &'static str {
        let known = ServerKind::NAMES.iter().find(|(_, kind)| *kind == self);
        known.map_or("any", |(name, _)| name)
    }

    /// What is wrong with the server of this session; `None` where it will do.
    ///
    /// Servers from 14 on tell by themselves; others, and poolers that keep it to themselves, are asked.
    pub(crate) async fn mismatch(
        self,
        session: &mut Session,
    ) -> Result<Option<&'static str>, Error> {
        let found = match self {
            ServerKind::Any => return Ok(None),
            ServerKind::ReadWrite | ServerKind::ReadOnly => {
                let reported = [
                    reported_switch(session, "default_transaction_read_only"),
                    reported_switch(session, "in_hot_standby"),
                ];
                match reported {
                    [Some(default), Some(standby)] => default || standby,
                    _ => ask(session, "SHOW transaction_read_only").await?,
                }
            }
            ServerKind::Primary | ServerKind::Standby | ServerKind::PreferStandby => {
                match reported_switch(session, "in_hot_standby") {
                    Some(standby) => standby,
                    None => ask(session, "SELECT pg_catalog.pg_is_in_recovery()").await?,
                }
            }
        };
        Ok(match (self, found) {
            (ServerKind::ReadWrite, true) => Some("is read-only"),
            (ServerKind::ReadOnly, false) => Some("is not read-only"),
            (ServerKind::Primary, true) => Some("is a standby"),
            (ServerKind::Standby | ServerKind::PreferStandby, false) => Some("is not a standby"),
            _ => None,
        })
    }
}

fn reported_switch(session: &Session, name: &str) -> Option<bool> {
    session.parameter(name).map(|value| value == "on")
}

/// Runs a query for one truth value.
async fn ask(session: &mut Session, sql: &str) -> Result<bool, Error> {
    let rows = session.query(sql).await?;
    let value = rows.one()?.bytes(0).unwrap_or_default().as_bstr();
    Ok(value == "on" || value == "t")
}
