//! The transaction that a dump reads in, and the settings it pins.

use bstr::BString;
use pgdumprs_connect::{Error, Rows, Session, TransactionStatus};

use crate::settings::SessionSettings;

/// How often a transaction is begun before a server's timeout is taken for final.
const ATTEMPTS: usize = 10;

/// What a transaction has to do with those of other connections.
pub(crate) enum Snapshot<'a> {
    /// It is alone.
    Keep,
    /// Others will read in its snapshot.
    Share,
    /// It reads in the snapshot of this name.
    Join(&'a BString),
}

/// Opens a read-only, repeatable-read transaction and pins every setting that could bend the output, in one round trip.
///
/// All settings are `SET LOCAL`: they end with the transaction, so that a pooled server connection is left as it was found.
///
/// Gives the name of the snapshot where it is to be shared.
pub(crate) async fn begin(
    session: &mut Session,
    snapshot: Snapshot<'_>,
    settings: &SessionSettings,
) -> Result<Option<BString>, Error> {
    let results = pipeline(session, &statements(session, &snapshot, settings)).await?;
    match (snapshot, results.last()) {
        (Snapshot::Share, Some(rows)) => Ok(Some(rows.one()?.get(0)?)),
        _ => Ok(None),
    }
}

/// Runs the statements that begin a transaction, again where a timeout struck: a statement_timeout of a millisecond can do so before
/// the server has come to lifting it, if only the machine is busy.
async fn pipeline(session: &mut Session, statements: &[String]) -> Result<Vec<Rows>, Error> {
    for _ in 1..ATTEMPTS {
        match session.pipeline(statements).await {
            Err(error) if error.sqlstate() == Some(QUERY_CANCELED) => {
                if session.transaction_status() != TransactionStatus::Idle {
                    session.query("ROLLBACK").await?;
                }
            }
            other => return other,
        }
    }
    session.pipeline(statements).await
}

/// SQLSTATE of what a timeout or a request to cancel ended.
const QUERY_CANCELED: &str = "57014";

fn statements(
    session: &Session,
    snapshot: &Snapshot<'_>,
    settings: &SessionSettings,
) -> Vec<String> {
    // Names, definitions and data come as the bytes the database holds. The server would otherwise use whatever encoding the
    // role, the database or the pooler has set.
    let encoding = settings.encoding.clone().unwrap_or_else(|| {
        session
            .parameter("server_encoding")
            .map_or("UTF8".into(), ToString::to_string)
    });
    let joins = matches!(snapshot, Snapshot::Join(_));
    // What is safe to read is decided where the snapshot is taken; those who join it only read.
    let level = if settings.serializable_deferrable && !joins {
        "SERIALIZABLE, READ ONLY, DEFERRABLE"
    } else {
        "REPEATABLE READ, READ ONLY"
    };
    // One message, so that no timeout runs while the server waits for the next one or answers this one.
    let mut opening = format!("BEGIN ISOLATION LEVEL {level}");
    for (name, since) in TIMEOUTS {
        if session.server_version().num >= *since {
            opening.push_str(&format!("; SET LOCAL {name} = 0"));
        }
    }
    let mut statements = vec![opening];
    let joined = match snapshot {
        Snapshot::Join(name) => Some(name.to_string()),
        Snapshot::Keep | Snapshot::Share => settings.snapshot.clone(),
    };
    if let Some(name) = joined {
        statements.push(format!("SET TRANSACTION SNAPSHOT {}", literal(&name)));
    }
    statements.extend(
        SETTINGS
            .iter()
            .map(|(name, value)| format!("SET LOCAL {name} = {value}")),
    );
    let switch = |on: bool| if on { "on" } else { "off" };
    statements.extend([
        format!("SET LOCAL client_encoding = {}", literal(&encoding)),
        format!(
            "SET LOCAL extra_float_digits = {}",
            settings.extra_float_digits
        ),
        format!("SET LOCAL row_security = {}", switch(settings.row_security)),
        format!(
            "SET LOCAL quote_all_identifiers = {}",
            switch(settings.quote_all_identifiers)
        ),
    ]);
    if let Some(role) = &settings.role {
        statements.push(format!("SET LOCAL ROLE \"{}\"", role.replace('"', "\"\"")));
    }
    // Forbids that reading a catalog or a table runs code of a view's or foreign table's owner. Minor releases of August 2024
    // brought the setting, so its presence is asked for rather than the version.
    let restricted = if settings.foreign_tables {
        "view"
    } else {
        "view, foreign-table"
    };
    statements.push(format!(
        "SELECT pg_catalog.set_config(name, '{restricted}', true)
         FROM pg_catalog.pg_settings WHERE name = 'restrict_nonsystem_relation_kind'"
    ));
    if let Snapshot::Share = snapshot {
        statements.push("SELECT pg_catalog.pg_export_snapshot()".into());
    }
    statements
}

/// Quotes a text that must not mean anything but itself. Settings of the session may give backslashes a meaning until they are
/// pinned.
pub(crate) fn literal(text: &str) -> String {
    let escape = if text.contains('\\') { " E" } else { "" };
    let text = text.replace('\\', r"\\").replace('\'', "''");
    format!("{escape}'{text}'")
}

/// Timeouts that are lifted, those that can strike first being first, and the versions that brought them.
const TIMEOUTS: &[(&str, u32)] = &[
    ("statement_timeout", 0),
    ("transaction_timeout", 170000),
    ("idle_in_transaction_session_timeout", 0),
    ("lock_timeout", 0),
];

/// Settings pinned for every server, with their values as SQL.
///
/// The first block is what pg_dump pins, without timeouts and what options may change. The second is what it leaves to the role's,
/// the database's or the pooler's settings although output depends on it. The third keeps plans plain: JIT costs more than it gives in catalog queries, and parallel workers
/// would mix the order of rows.
const SETTINGS: &[(&str, &str)] = &[
    ("search_path", "''"),
    ("DateStyle", "ISO"),
    ("IntervalStyle", "postgres"),
    ("synchronize_seqscans", "off"),
    // ---
    ("standard_conforming_strings", "on"),
    ("bytea_output", "hex"),
    ("xmlbinary", "base64"),
    // ---
    ("jit", "off"),
    ("max_parallel_workers_per_gather", "0"),
    // Ranges of pages are read by it.
    ("enable_tidscan", "on"),
];
