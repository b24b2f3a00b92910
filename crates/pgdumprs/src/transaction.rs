//! The transaction that a dump reads in, and the settings it pins.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bstr::BString;
use pgdumprs_connect::{Error, Rows, Session, TransactionStatus};

use crate::Lsn;
use crate::settings::SessionSettings;

/// How often a transaction is begun before a server's timeout is taken for final.
const ATTEMPTS: usize = 10;

/// What a transaction has to do with those of other connections.
enum Snapshot<'a> {
    /// It is alone.
    Keep,
    /// Others will read in its snapshot.
    Share,
    /// It reads in another's.
    Join(&'a Shared),
}

/// What another transaction must have in common with the one that shares its snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Shared {
    /// The name that the server knows the snapshot by.
    name: BString,
    /// What the server is and the snapshot sees. A name alone may mean something else to another server behind the same address.
    identity: BString,
    /// Settings that show in data and are left as they are: they may be another server connection's where a pooler is in between.
    time_zone: BString,
    lc_monetary: BString,
}

/// How the dump's first transaction was begun.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// What others need to join its snapshot, where it is shared.
    pub(crate) shared: Option<Shared>,
    /// Why its snapshot is not shared although it should be: the server refused to export it.
    pub(crate) unshared: Option<Error>,
    /// The server's place in its write-ahead log right after the snapshot was taken.
    pub(crate) lsn: Option<Lsn>,
    /// The server's time then.
    pub(crate) time: Option<SystemTime>,
}

/// Opens a read-only, repeatable-read transaction and pins every setting that could bend the output, in one round trip. Whether others
/// will read in its snapshot is said by `share`.
///
/// All settings are `SET LOCAL`: they end with the transaction, so that a pooled server connection is left as it was found.
pub(crate) async fn begin(
    session: &mut Session,
    share: bool,
    settings: &SessionSettings,
) -> Result<Begun, Error> {
    let snapshot = if share {
        Snapshot::Share
    } else {
        Snapshot::Keep
    };
    let mut statements = statements(session, &snapshot, settings);
    // When a snapshot was taken that somebody else exported is not known.
    let is_own = settings.snapshot.is_none();
    let pinned = statements.len();
    if is_own {
        statements.extend(MOMENT.map(String::from));
    }
    // The place in the log is the one thing that the server may refuse to tell.
    let results = match pipeline(session, &statements, Some(pinned + 2)).await {
        Err(error) if share && is_of(&error, pinned - 1) => {
            session.query("ROLLBACK").await?;
            let begun = Box::pin(begin(session, false, settings)).await?;
            return Ok(Begun {
                unshared: Some(error),
                ..begun
            });
        }
        results => results?,
    };
    let mut begun = Begun::default();
    let answer = |wanted: bool, statement: usize| results.get(statement).filter(|_| wanted);
    if let Some(rows) = answer(share, pinned - 1) {
        let row = rows.one()?;
        begun.shared = Some(Shared {
            identity: row.get(0)?,
            name: row.get(1)?,
            time_zone: row.get(2)?,
            lc_monetary: row.get(3)?,
        });
    }
    if let Some(rows) = answer(is_own, pinned) {
        let micros: u64 = rows.one()?.get(0)?;
        begun.time = UNIX_EPOCH.checked_add(Duration::from_micros(micros));
    }
    if let Some(rows) = answer(is_own, pinned + 2) {
        let lsn: Option<BString> = rows.one()?.get(0)?;
        begun.lsn = lsn.and_then(|text| Lsn::parse(&text));
    }
    Ok(begun)
}

/// Whether the server refused this statement, and none before it.
fn is_of(error: &Error, statement: usize) -> bool {
    matches!(error, Error::Statement { index: Some(index), .. } if *index == statement)
        && error.sqlstate() != Some(QUERY_CANCELED)
}

/// Opens a transaction like the one of [`begin`], in its snapshot. `false` where another server answered, to which the snapshot's name means
/// something else.
pub(crate) async fn join(
    session: &mut Session,
    shared: &Shared,
    settings: &SessionSettings,
) -> Result<bool, Error> {
    let statements = statements(session, &Snapshot::Join(shared), settings);
    let results = pipeline(session, &statements, None).await?;
    match results.last() {
        Some(rows) => Ok(rows.one()?.get::<BString>(0)? == shared.identity),
        None => Ok(false),
    }
}

/// The moment right after a snapshot was taken: the server's time, and its place in the write-ahead log. Roles on managed services may not
/// be allowed to ask for the latter, and some servers that speak PostgreSQL's language have no such thing: then the savepoint undoes
/// the failure.
const MOMENT: [&str; 5] = [
    "SELECT (EXTRACT(EPOCH FROM pg_catalog.statement_timestamp()) * 1000000)::bigint",
    "SAVEPOINT pgdumprs_lsn",
    "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
            ELSE pg_catalog.pg_current_wal_lsn() END",
    "ROLLBACK TO SAVEPOINT pgdumprs_lsn",
    "RELEASE SAVEPOINT pgdumprs_lsn",
];

/// Ends the transaction in good order. `false` where there was none any more, and no locks and no snapshot with it: then what was read may
/// not be one state of the database.
pub(crate) async fn end(session: &mut Session) -> Result<bool, Error> {
    session.take_notices();
    let committed = session.query("COMMIT").await?.command_tag() == "COMMIT";
    let mut notices = session.take_notices().into_iter();
    Ok(committed && !notices.any(|notice| notice.code == NO_TRANSACTION))
}

/// SQLSTATE of the warning that there is no transaction to end.
const NO_TRANSACTION: &str = "25P01";

/// Runs the statements that begin a transaction, again where a timeout struck: a statement_timeout of a millisecond can do so before
/// the server has come to lifting it, if only the machine is busy. The statement at `may_fail` and those after it have no results then.
async fn pipeline(
    session: &mut Session,
    statements: &[String],
    may_fail: Option<usize>,
) -> Result<Vec<Rows>, Error> {
    let mut attempts = 1..ATTEMPTS;
    loop {
        let mut results = Vec::with_capacity(statements.len());
        let ran = session
            .pipeline_each(statements, usize::MAX, |_, rows| results.push(rows))
            .await;
        let status = session.transaction_status();
        match ran {
            Err(Error::Statement { index, .. })
                if index == may_fail && index.is_some() && status == TransactionStatus::Open =>
            {
                return Ok(results);
            }
            Err(error) if error.sqlstate() == Some(QUERY_CANCELED) && attempts.next().is_some() => {
                if status != TransactionStatus::Idle {
                    session.query("ROLLBACK").await?;
                }
            }
            other => return other.map(|()| results),
        }
    }
}

/// When the server started, and what the snapshot sees.
const IDENTITY: &str = "EXTRACT(EPOCH FROM pg_catalog.pg_postmaster_start_time()) || ' ' || pg_catalog.pg_current_snapshot()";

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
        Snapshot::Join(shared) => Some(shared.name.to_string()),
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
    match snapshot {
        Snapshot::Keep => {}
        Snapshot::Share => statements.push(format!(
            "SELECT {IDENTITY}, pg_catalog.pg_export_snapshot(), pg_catalog.current_setting('TimeZone'),
                    pg_catalog.current_setting('lc_monetary')"
        )),
        Snapshot::Join(shared) => {
            for (name, value) in [
                ("TimeZone", &shared.time_zone),
                ("lc_monetary", &shared.lc_monetary),
            ] {
                let value = literal(&value.to_string());
                statements.push(format!("SET LOCAL {name} = {value}"));
            }
            statements.push(format!("SELECT {IDENTITY}"));
        }
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
