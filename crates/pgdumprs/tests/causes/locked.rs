//! Tables that somebody else has locked.

use anyhow::ensure;
use pgdumprs::{Dump, Event};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Major, Server, for_each_major};

use crate::runtime;

#[test]
fn whoever_is_in_the_way_of_a_lock_is_named() {
    for_each_major(|server| {
        let database = server.database();
        database.execute_sql(
            "CREATE SCHEMA \"Odd\"; CREATE TABLE free (); CREATE TABLE \"Odd\".taken (a integer)",
        );
        runtime().block_on(async {
            let params = format!("{} application_name=migration", database.conninfo());
            let mut other = Session::connect(&ConnectParams::parse(&params)?).await?;
            let own = other
                .query("BEGIN; ALTER TABLE \"Odd\".taken ADD b integer; SELECT pg_backend_pid()")
                .await?;
            let process: i32 = own.one()?.get(0)?;
            let dump = Dump::new(&database.conninfo())?.lock_wait_timeout("200ms");
            let Err(error) = dump.to_std_writer(std::io::sink()).await else {
                anyhow::bail!("there is a dump");
            };
            let hint = error.hint().unwrap_or_default();
            let said = format!("{:#}", anyhow::Error::new(error));
            let holder = format!(
                "process {process} (migration) has an exclusive lock on table \"Odd\".taken"
            );
            ensure!(said.contains(&holder) && said.contains("57014"), "{said}");
            ensure!(!said.contains("public.free)"), "{said}");
            ensure!(hint.contains("--lock-wait-timeout"), "{hint}");
            Ok(())
        })
    });
}

/// Without a limit nothing fails, and nothing happens either: somebody is told, and the dump goes on when the table is free.
#[test]
fn a_dump_that_waits_for_a_lock_says_for_whom() {
    let database = Server::get(Major::REFERENCE).database();
    database.execute_sql("CREATE TABLE free (); CREATE TABLE taken AS SELECT 1 AS a");
    let dumped: anyhow::Result<()> = runtime().block_on(async {
        let params = format!("{} application_name=migration", database.conninfo());
        let mut other = Session::connect(&ConnectParams::parse(&params)?).await?;
        let own = other
            .query("BEGIN; ALTER TABLE taken ADD b integer; SELECT pg_backend_pid()")
            .await?;
        let process: i32 = own.one()?.get(0)?;
        let mut dump = Dump::new(&database.conninfo())?;
        let mut events = dump.events();
        let dump = tokio::spawn(dump.to_std_writer(std::io::sink()));
        let warning = loop {
            match events.next().await {
                Some(Event::Warning(warning)) => break warning,
                Some(_) => {}
                None => anyhow::bail!("nobody was told"),
            }
        };
        let holder =
            format!("process {process} (migration) has an exclusive lock on table public.taken");
        ensure!(
            warning.contains(&holder) && warning.contains("--lock-wait-timeout"),
            "{warning}"
        );
        ensure!(!warning.contains("public.free"), "{warning}");
        other.query("ROLLBACK").await?;
        let (_, report) = dump.await??;
        ensure!(
            report.rows == 1 && report.warnings == [warning],
            "{report:?}"
        );
        Ok(())
    });
    dumped.unwrap();
}
