//! Poolers that cannot carry a dump: what is said.

use anyhow::{Result, ensure};
use pgdumprs::Dump;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Major, Server};

use crate::{database, prepare, refusal, runtime};

#[test]
fn statement_mode_is_named() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = database(&server);
    let pooler = server.pooler().setting("pool_mode", "statement").start()?;
    for jobs in [1, 4] {
        let dump = prepare(&pooler.conninfo(database.name()), jobs)?;
        let (said, hint) = runtime().block_on(refusal(dump));
        ensure!(
            said.contains("transaction blocks not allowed in statement pooling mode"),
            "{said}"
        );
        ensure!(
            hint.contains("statement mode") && hint.contains("connect to the server itself"),
            "{hint}"
        );
    }
    Ok(())
}

#[test]
fn a_pool_that_others_have_taken_is_named() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = database(&server);
    let pooler = server
        .pooler()
        .setting("default_pool_size", "1")
        .setting("query_wait_timeout", "1")
        .start()?;
    let conninfo = pooler.conninfo(database.name());
    runtime().block_on(async {
        let mut other = Session::connect(&ConnectParams::parse(&conninfo)?).await?;
        other.query("BEGIN").await?;
        let (said, hint) = refusal(prepare(&conninfo, 4)?).await;
        ensure!(said.contains("query_wait_timeout"), "{said}");
        ensure!(
            hint.contains("were taken") && hint.contains("-j 1"),
            "{hint}"
        );
        Ok(())
    })
}

/// A pooler's timeouts are its own: no client can lift them.
#[test]
fn a_timeout_of_the_poolers_is_named_with_the_table() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = server.database();
    let role = server.role("LOGIN");
    // Whoever reads a row of it waits.
    database.execute_sql(format!(
        "CREATE TABLE slow AS SELECT 1 AS a;
         GRANT SELECT ON slow TO {role};
         ALTER TABLE slow ENABLE ROW LEVEL SECURITY;
         CREATE POLICY p ON slow USING (pg_sleep(60) IS NOT NULL)"
    ));
    let pooler = server.pooler().setting("query_timeout", "1").start()?;
    // The pooler is everybody's superuser; a role in its place is bound by the policy.
    let dump = prepare(&pooler.conninfo(database.name()), 1)?
        .role(&role)
        .row_security(true);
    let (said, hint) = runtime().block_on(refusal(dump));
    ensure!(
        said.contains("table public.slow") && said.contains("query timeout"),
        "{said}"
    );
    ensure!(hint.contains("no client can lift"), "{hint}");
    Ok(())
}

#[test]
fn parameters_that_are_not_passed_on_are_named() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let database = server.database();
    let pooler = server.pooler().start()?;
    let conninfo = format!("{} options='-c geqo=off'", pooler.conninfo(database.name()));
    let (said, hint) = runtime().block_on(refusal(Dump::new(&conninfo)?));
    ensure!(said.contains("unsupported startup parameter"), "{said}");
    ensure!(hint.contains("ignore_startup_parameters"), "{hint}");
    Ok(())
}
