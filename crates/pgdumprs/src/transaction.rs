//! The transaction that a dump reads in, and the settings it pins.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bstr::BString;
use pgdumprs_connect::{Error, Notices, Rows, Session, TransactionStatus};

use crate::choice::Choice;
use crate::settings::SessionSettings;
use crate::standby::Fix;
use crate::{Error as DumpError, Lsn};

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

impl Shared {
    /// The same snapshot, with settings under which every server writes the same values alike.
    pub(crate) fn alike(self) -> Self {
        Shared {
            time_zone: "UTC".into(),
            lc_monetary: "C".into(),
            ..self
        }
    }
}

/// Why others cannot read in a snapshot.
#[derive(Debug)]
pub(crate) enum Unshared {
    /// The server refused to export it.
    Refused(Error),
    /// It was taken on a standby, where they would read wrong data and do damage.
    Standby,
}

/// How the dump's first transaction was begun.
#[derive(Debug, Default)]
pub(crate) struct Begun {
    /// What others need to join its snapshot, where it is shared.
    pub(crate) shared: Option<Shared>,
    /// Why its snapshot is not shared although it should be.
    pub(crate) unshared: Option<Unshared>,
    /// The server's place in its write-ahead log right after the snapshot was taken.
    pub(crate) lsn: Option<Lsn>,
    /// The server's time then.
    pub(crate) time: Option<SystemTime>,
}

/// A statement that a transaction begins with.
struct Step {
    sql: String,
    purpose: Purpose,
}

/// What a statement is for, as an error names it.
enum Purpose {
    /// To do what somebody chose, and perhaps chose wrong.
    Choice(Choice),
    /// To do this.
    Doing(String),
}

impl Step {
    fn choice(choice: Choice, sql: String) -> Self {
        let purpose = Purpose::Choice(choice);
        Self { sql, purpose }
    }

    fn doing(what: impl Into<String>, sql: impl Into<String>) -> Self {
        Self {
            sql: sql.into(),
            purpose: Purpose::Doing(what.into()),
        }
    }

    fn setting(name: &str, value: &str) -> Self {
        Self::doing(
            format!("set {name} for the dump"),
            format!("SET LOCAL {name} = {value}"),
        )
    }
}

impl AsRef<[u8]> for Step {
    fn as_ref(&self) -> &[u8] {
        self.sql.as_bytes()
    }
}

/// Says what could not be done, where the server refused one of `steps`.
fn explain(source: Error, steps: &[Step]) -> DumpError {
    let step = match &source {
        Error::Statement { index, .. } => index.and_then(|index| steps.get(index)),
        _ => None,
    };
    match step.map(|step| &step.purpose) {
        Some(Purpose::Choice(choice)) => DumpError::Choice {
            choice: choice.clone(),
            source,
        },
        Some(Purpose::Doing(what)) => DumpError::Transaction {
            what: what.clone(),
            source,
        },
        None => DumpError::Transaction {
            what: BEGIN.to_owned(),
            source,
        },
    }
}

/// What a transaction's first statement does.
const BEGIN: &str = "begin a read-only transaction";

/// Opens a read-only, repeatable-read transaction and pins every setting that could bend the output, in one round trip. Whether others
/// will read in its snapshot is said by `share`.
///
/// All settings are `SET LOCAL`: they end with the transaction, so that a pooled server connection is left as it was found.
pub(crate) async fn begin(
    session: &mut Session,
    share: bool,
    settings: &SessionSettings,
) -> Result<Begun, DumpError> {
    let snapshot = if share {
        Snapshot::Share
    } else {
        Snapshot::Keep
    };
    let mut steps = steps(session, &snapshot, settings);
    // When a snapshot was taken that somebody else exported is not known.
    let is_own = settings.snapshot.is_none();
    let pinned = steps.len();
    if is_own {
        let what = "ask for the moment of the snapshot";
        steps.extend(MOMENT.map(|sql| Step::doing(what, sql)));
    }
    // The place in the log is the one thing that the server may refuse to tell.
    let results = match pipeline(session, &steps, Some(pinned + 2)).await {
        Err(error) if share && is_of(&error, pinned - 1) => {
            let again = session.query("ROLLBACK").await;
            again.map_err(|source| explain(source, &[]))?;
            let begun = Box::pin(begin(session, false, settings)).await?;
            return Ok(Begun {
                unshared: Some(Unshared::Refused(error)),
                ..begun
            });
        }
        results => results.map_err(|source| explain(source, &steps))?,
    };
    let answered = answers(&results, pinned, share, is_own);
    answered.map_err(|source| explain(source, &[]))
}

/// What the answers to the statements of [`begin`] tell: those from `pinned` on are of the snapshot's moment, where `is_own`, and the one
/// before them is of a snapshot that is shared, where `share`.
fn answers(results: &[Rows], pinned: usize, share: bool, is_own: bool) -> Result<Begun, Error> {
    let mut begun = Begun::default();
    let answer = |wanted: bool, statement: usize| results.get(statement).filter(|_| wanted);
    if let Some(rows) = answer(share, pinned - 1) {
        let row = rows.one()?;
        // A server that was promoted in between has a snapshot from before that.
        let was_standby = match results.get(RECOVERY).and_then(|rows| rows.get(0)) {
            Some(row) => row.get::<BString>(0)? == "on",
            None => false,
        };
        let (name, fixed): (Option<BString>, bool) = (row.get(1)?, row.get(4)?);
        match name.filter(|_| fixed || !was_standby) {
            Some(name) => {
                begun.shared = Some(Shared {
                    identity: row.get(0)?,
                    name,
                    time_zone: row.get(2)?,
                    lc_monetary: row.get(3)?,
                });
            }
            None => begun.unshared = Some(Unshared::Standby),
        }
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

/// The statement that asks whether the server is a standby before the transaction has a snapshot, where one can.
const RECOVERY: usize = 1;

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
    let steps = steps(session, &Snapshot::Join(shared), settings);
    let results = pipeline(session, &steps, None).await?;
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
///
/// What the server has said before is to be taken beforehand.
pub(crate) async fn end(session: &mut Session) -> Result<(bool, Notices), Error> {
    let committed = session.query("COMMIT").await?.command_tag() == "COMMIT";
    let notices = session.take_notices();
    let mut messages = notices.messages.iter();
    let was_there = committed && !messages.any(|message| message.code == NO_TRANSACTION);
    Ok((was_there, notices))
}

/// SQLSTATE of the warning that there is no transaction to end.
const NO_TRANSACTION: &str = "25P01";

/// Runs the statements that begin a transaction, again where a timeout struck: a statement_timeout of a millisecond can do so before
/// the server has come to lifting it, if only the machine is busy. The statement at `may_fail` and those after it have no results then.
async fn pipeline(
    session: &mut Session,
    steps: &[Step],
    may_fail: Option<usize>,
) -> Result<Vec<Rows>, Error> {
    let mut attempts = 1..ATTEMPTS;
    loop {
        let mut results = Vec::with_capacity(steps.len());
        let ran = session
            .pipeline_each(steps, usize::MAX, |_, rows| results.push(rows))
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

fn steps(session: &Session, snapshot: &Snapshot<'_>, settings: &SessionSettings) -> Vec<Step> {
    // Names, definitions and data come as the bytes the database holds. The server would otherwise use whatever encoding the
    // role, the database or the pooler has set.
    let encoding = settings.encoding.clone().unwrap_or_else(|| {
        session
            .parameter("server_encoding")
            .map_or("UTF8".into(), ToString::to_string)
    });
    let joins = matches!(snapshot, Snapshot::Join(_));
    // What is safe to read is decided where the snapshot is taken; those who join it only read.
    let defers = settings.serializable_deferrable && !joins;
    let level = if defers {
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
    let mut steps = vec![if defers {
        Step::choice(Choice::SerializableDeferrable, opening)
    } else {
        Step::doing(BEGIN, opening)
    }];
    // Before 14, no question can be asked without a snapshot.
    if matches!(snapshot, Snapshot::Share) && session.server_version().num >= 140_000 {
        steps.push(Step::doing(
            "ask whether the server is a standby",
            "SHOW in_hot_standby",
        ));
    }
    let joined = match snapshot {
        Snapshot::Join(shared) => Some(shared.name.to_string()),
        Snapshot::Keep | Snapshot::Share => settings.snapshot.clone(),
    };
    if let Some(name) = joined {
        let sql = format!("SET TRANSACTION SNAPSHOT {}", literal(&name));
        steps.push(Step::choice(Choice::Snapshot(name), sql));
    }
    let pinned = SETTINGS.iter();
    steps.extend(pinned.map(|(name, value)| Step::setting(name, value)));
    let switch = |on: bool| if on { "on" } else { "off" };
    let digits = settings.extra_float_digits;
    let in_encoding = format!("SET LOCAL client_encoding = {}", literal(&encoding));
    steps.extend([
        Step::choice(Choice::Encoding(encoding), in_encoding),
        Step::choice(
            Choice::ExtraFloatDigits(digits),
            format!("SET LOCAL extra_float_digits = {digits}"),
        ),
        Step::setting("row_security", switch(settings.row_security)),
        Step::setting(
            "quote_all_identifiers",
            switch(settings.quote_all_identifiers),
        ),
    ]);
    if let Some(role) = &settings.role {
        let sql = format!("SET LOCAL ROLE \"{}\"", role.replace('"', "\"\""));
        steps.push(Step::choice(Choice::Role(role.clone()), sql));
    }
    // Forbids that reading a catalog or a table runs code of a view's or foreign table's owner. Minor releases of August 2024
    // brought the setting, so its presence is asked for rather than the version.
    let restricted = if settings.foreign_tables {
        "view"
    } else {
        "view, foreign-table"
    };
    steps.push(Step::doing(
        "set restrict_nonsystem_relation_kind for the dump",
        format!(
            "SELECT pg_catalog.set_config(name, '{restricted}', true)
             FROM pg_catalog.pg_settings WHERE name = 'restrict_nonsystem_relation_kind'"
        ),
    ));
    match snapshot {
        Snapshot::Keep => {}
        Snapshot::Share => {
            let fixed = Fix::of(session.server_version()).condition();
            steps.push(Step::doing(
                "share the snapshot with other connections",
                format!(
                    "SELECT {IDENTITY},
                            CASE WHEN {fixed} OR NOT pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_export_snapshot() END,
                            pg_catalog.current_setting('TimeZone'), pg_catalog.current_setting('lc_monetary'), {fixed}"
                ),
            ));
        }
        Snapshot::Join(shared) => {
            for (name, value) in [
                ("TimeZone", &shared.time_zone),
                ("lc_monetary", &shared.lc_monetary),
            ] {
                steps.push(Step::setting(name, &literal(&value.to_string())));
            }
            steps.push(Step::doing(
                "ask for the snapshot's identity",
                format!("SELECT {IDENTITY}"),
            ));
        }
    }
    steps
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
    // Warnings must come, and what is meant for the server's log need not.
    ("client_min_messages", "notice"),
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
