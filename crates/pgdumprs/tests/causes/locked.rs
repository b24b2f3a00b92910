//! Tables that somebody else has locked.

use anyhow::ensure;
use pgdumprs::Dump;
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::for_each_major;

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
