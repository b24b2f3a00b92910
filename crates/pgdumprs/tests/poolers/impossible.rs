//! Poolers that cannot carry a dump: what is said.

use anyhow::{Result, ensure};
use pgdumprs::Dump;
use pgdumprs_testkit::{Major, Server};

use crate::{endless, other_client, prepare, refusal, runtime};

#[test]
fn statement_mode_is_named() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let pooler = server.pooler().setting("pool_mode", "statement").start()?;
    for jobs in [1, 4] {
        let dump = prepare(&pooler.conninfo("postgres"), jobs)?;
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
    // Where a host's name tells, it is said where the server itself is.
    let dump = |host: &str| {
        Dump::new(&format!(
            "host={host} hostaddr=127.0.0.1 port={} user=postgres",
            pooler.port()
        ))
    };
    let (_, hint) = runtime().block_on(refusal(dump("ep-one-pooler.example.neon.tech")?));
    ensure!(
        hint.contains("statement mode") && hint.contains("\"ep-one.example.neon.tech\""),
        "{hint}"
    );
    let (_, hint) = runtime().block_on(refusal(dump("ep-one.example.neon.tech")?));
    ensure!(!hint.contains("neon.tech"), "{hint}");
    Ok(())
}

#[test]
fn a_pool_that_others_have_taken_is_named() -> Result<()> {
    let pooler = Server::get(Major::REFERENCE)
        .pooler()
        .setting("default_pool_size", "1")
        // Long enough for the other one's transaction to begin.
        .setting("query_wait_timeout", "5")
        .start()?;
    let conninfo = pooler.conninfo("postgres");
    runtime().block_on(async {
        let _other = other_client(&conninfo).await?;
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
    let (database, role) = endless(&server);
    // Long enough for all that comes before the table's data.
    let pooler = server.pooler().setting("query_timeout", "8").start()?;
    let dump = prepare(&pooler.conninfo(database.name()), 1)?
        .role(&role)
        .row_security(true);
    let (said, hint) = runtime().block_on(refusal(dump));
    ensure!(
        said.contains("table public.endless") && said.contains("query timeout"),
        "{said}"
    );
    ensure!(hint.contains("no client can lift"), "{hint}");
    Ok(())
}

#[test]
fn parameters_that_are_not_passed_on_are_named() -> Result<()> {
    let pooler = Server::get(Major::REFERENCE).pooler().start()?;
    let conninfo = format!("{} options='-c geqo=off'", pooler.conninfo("postgres"));
    let (said, hint) = runtime().block_on(refusal(Dump::new(&conninfo)?));
    ensure!(said.contains("unsupported startup parameter"), "{said}");
    ensure!(hint.contains("ignore_startup_parameters"), "{hint}");
    Ok(())
}
