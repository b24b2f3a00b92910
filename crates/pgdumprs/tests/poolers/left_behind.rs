//! The same bytes through a pooler as without, whoever else uses it, and server connections as they were before.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use bstr::BString;
use pgdumprs_connect::{ConnectParams, Row, Session};
use pgdumprs_testkit::{Database, for_each_major};

use crate::{Direct, SINCE, database, runtime};

/// Server connections that the pooler may have.
const POOL: usize = 8;

/// Settings that the other clients leave on server connections, with their values. Some would bend a dump that did not pin them.
const LEFT_BY_OTHERS: &[(&str, &str)] = &[
    ("work_mem", "77MB"),
    ("search_path", "nowhere"),
    ("bytea_output", "escape"),
    ("extra_float_digits", "-10"),
    ("statement_timeout", "1h"),
];

/// What a transaction of another client sees of the settings that a dump pins.
const SEEN: &str = "SELECT name, setting FROM pg_catalog.pg_settings
    WHERE name IN ('search_path', 'row_security', 'synchronize_seqscans', 'extra_float_digits', 'bytea_output', 'transaction_isolation',
                   'transaction_read_only', 'enable_tidscan', 'quote_all_identifiers', 'lock_timeout', 'IntervalStyle', 'DateStyle')
    ORDER BY name";

/// What is left on a server connection: prepared statements, cursors, temporary tables, advisory locks, settings.
const LEFT: &str = "
    SELECT 'prepared statement ' || name FROM pg_catalog.pg_prepared_statements
    UNION ALL SELECT 'cursor ' || name FROM pg_catalog.pg_cursors WHERE name <> ''
    UNION ALL SELECT 'temporary schema' WHERE pg_catalog.pg_my_temp_schema() <> 0
    UNION ALL SELECT locktype || ' lock' FROM pg_catalog.pg_locks
        WHERE pid = pg_catalog.pg_backend_pid() AND locktype NOT IN ('virtualxid', 'relation')
    UNION ALL SELECT name || ' = ' || setting FROM pg_catalog.pg_settings
        WHERE source = 'session' AND name NOT IN ('application_name', 'transaction_isolation', 'transaction_read_only', 'transaction_deferrable')
    UNION ALL SELECT 'role ' || CURRENT_USER WHERE CURRENT_USER <> SESSION_USER";

#[test]
fn transactions_through_a_pool_that_others_use_make_the_same_bytes() {
    for_each_major(|server| {
        if server.major() < SINCE {
            return Ok(());
        }
        let database = database(server);
        let pooler = server
            .pooler()
            .setting("default_pool_size", &POOL.to_string())
            .start()?;
        runtime().block_on(async {
            let direct = Direct::new(&database, 1).await?;
            let conninfo = pooler.conninfo(database.name());
            let done = Arc::new(AtomicBool::new(false));
            let others: Vec<_> = (0..3)
                .map(|number| tokio::spawn(another_client(conninfo.clone(), number, done.clone())))
                .collect();
            let mut outcome = Ok(());
            for jobs in [1, 4, 4] {
                outcome = direct.is_given_well_by(&conninfo, jobs).await;
                if outcome.is_err() {
                    break;
                }
            }
            done.store(true, Ordering::Relaxed);
            let mut transactions = 0;
            for other in others {
                transactions += other.await??;
            }
            outcome?;
            ensure!(
                transactions > 20,
                "the others ran {transactions} transactions only"
            );
            let allowed = LEFT_BY_OTHERS.iter().map(|(name, _)| *name).collect();
            look_at_all(&database, &conninfo, &allowed).await
        })
    });
}

#[test]
fn nothing_is_left_on_server_connections() {
    for_each_major(|server| {
        if server.major() < SINCE {
            return Ok(());
        }
        let database = database(server);
        runtime().block_on(async {
            let direct = Direct::new(&database, 4).await?;
            for mode in ["transaction", "session"] {
                let pooler = server
                    .pooler()
                    .setting("pool_mode", mode)
                    .setting("default_pool_size", &POOL.to_string())
                    // Whatever were left would stay.
                    .setting("server_reset_query", "")
                    .start()?;
                let conninfo = pooler.conninfo(database.name());
                let looked = async {
                    direct.is_given_well_by(&conninfo, 4).await?;
                    look_at_all(&database, &conninfo, &BTreeSet::new()).await
                };
                looked.await.with_context(|| format!("in {mode} mode"))?;
                // A dump that fails half-way leaves as little. The pooler closes the connection it failed on, which may be the only
                // one, so somebody else has another meanwhile.
                let mut bystander = Session::connect(&ConnectParams::parse(&conninfo)?).await?;
                bystander.query("BEGIN").await?;
                let failed = crate::prepare(&conninfo, 4)?.snapshot("no such snapshot");
                crate::refusal(failed).await;
                bystander.query("COMMIT").await?;
                bystander.close().await;
                look_at_all(&database, &conninfo, &BTreeSet::new())
                    .await
                    .with_context(|| format!("in {mode} mode, after a failure"))?;
            }
            Ok(())
        })
    });
}

/// Runs transactions as an application does that does not care about what it leaves behind, and checks that it never sees a setting of a
/// dump's. Returns how many it ran.
async fn another_client(conninfo: String, number: usize, done: Arc<AtomicBool>) -> Result<usize> {
    let params = ConnectParams::parse(&conninfo)?;
    let mut transactions = 0;
    while !done.load(Ordering::Relaxed) {
        let mut session = Session::connect(&params).await?;
        for _ in 0..10 {
            let (name, value) = LEFT_BY_OTHERS[(transactions + number) % LEFT_BY_OTHERS.len()];
            session
                .query(format!("BEGIN; SET {name} = '{value}'; COMMIT"))
                .await?;
            let begin = format!(
                "BEGIN; SELECT count(*) FROM public.\"Small {}\"",
                1 + transactions % 40
            );
            session.query(begin).await?;
            let seen = session.query(SEEN).await?;
            session.query("COMMIT").await?;
            for row in seen.iter() {
                let (name, setting) = (text(&row, 0)?, text(&row, 1)?);
                let usual = match name.as_str() {
                    "search_path" => ["\"$user\", public", "nowhere"],
                    "extra_float_digits" => ["1", "-10"],
                    "bytea_output" => ["hex", "escape"],
                    "row_security" | "synchronize_seqscans" | "enable_tidscan" => ["on", "on"],
                    "transaction_isolation" => ["read committed"; 2],
                    "lock_timeout" => ["0"; 2],
                    "IntervalStyle" => ["postgres"; 2],
                    "DateStyle" => ["ISO, MDY"; 2],
                    _ => ["off"; 2],
                };
                ensure!(
                    usual.contains(&setting.as_str()),
                    "another client sees {name} = {setting}"
                );
            }
            transactions += 1;
        }
        session.close().await;
    }
    Ok(transactions)
}

fn text(row: &Row<'_>, column: usize) -> Result<String> {
    Ok(row.get::<BString>(column)?.to_string())
}

/// Looks at every server connection of the pool, and finds what was left there, but for settings of these names.
async fn look_at_all(database: &Database, conninfo: &str, allowed: &BTreeSet<&str>) -> Result<()> {
    let mut unseen = processes(database);
    ensure!(!unseen.is_empty(), "the pool has no connections");
    let params = ConnectParams::parse(&format!("{conninfo} application_name=looks"))?;
    // As many transactions at once as there are server connections: each is on another one.
    let mut sessions = Vec::new();
    for _ in 0..unseen.len().min(POOL) {
        let mut session = Session::connect(&params).await?;
        // Only what it says is asked before anything is set.
        session.query("BEGIN").await?;
        let left = session.query(LEFT).await?;
        for row in left.iter() {
            let left = text(&row, 0)?;
            let name = left.split(' ').next().unwrap_or_default();
            ensure!(allowed.contains(name), "left behind: {left}");
        }
        let own = session
            .query("SELECT pg_catalog.pg_backend_pid(), pg_catalog.current_setting('application_name')")
            .await?;
        let (pid, name) = (text(&own.one()?, 0)?, text(&own.one()?, 1)?);
        ensure!(name == "looks", "application_name is {name}");
        unseen.remove(&pid);
        sessions.push(session);
    }
    for mut session in sessions {
        session.query("COMMIT").await?;
        session.close().await;
    }
    // One that nobody has any more may have been on its way out when they were counted.
    let limit = Instant::now() + Duration::from_secs(60);
    while !unseen.is_disjoint(&processes(database)) {
        ensure!(Instant::now() < limit, "not looked at: {unseen:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}

/// The processes that serve clients of a database.
fn processes(database: &Database) -> BTreeSet<String> {
    let found = database.psql(
        "SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()",
    );
    found.lines().map(str::to_owned).collect()
}
