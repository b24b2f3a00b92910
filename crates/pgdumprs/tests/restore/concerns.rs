//! What may hold a restore up is told before it does.

use anyhow::{Result, ensure};
use pgdumprs::{Concern, Restore, RestoreEnd, RestoreOptions};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Major, Server};

use crate::{dump, run};

#[test]
fn locks_of_others_that_a_restore_would_wait_for() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let (source, target) = (server.database(), server.database());
    for database in [&source, &target] {
        database.execute_sql("CREATE TABLE \"Item\" (id int); CREATE TABLE other (id int)");
    }
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    dump(&source, &archive)?;
    let data_only = RestoreOptions {
        data_only: true,
        ..RestoreOptions::default()
    };
    let clean = RestoreOptions {
        clean: true,
        if_exists: true,
        ..RestoreOptions::default()
    };
    let runtime = tokio::runtime::Runtime::new()?;
    // Rows can be written beside those who read, and nothing can be dropped then.
    for (mode, options, is_told) in [
        ("ACCESS SHARE", &data_only, false),
        ("ACCESS SHARE", &clean, true),
        ("SHARE", &data_only, true),
        ("SHARE", &clean, true),
    ] {
        let told = runtime.block_on(async {
            let params = ConnectParams::parse(&target.conninfo())?;
            let mut other = Session::connect(&params).await?;
            let lock = format!("BEGIN; LOCK TABLE \"Item\" IN {mode} MODE");
            other.pipeline(&[lock]).await?;
            let restore = Restore::new(&target.conninfo())?.options(options.clone());
            let plan = restore.plan(&archive).await?;
            other.close().await;
            anyhow::Ok(plan.concerns)
        })?;
        let told: Vec<_> = told.iter().map(ToString::to_string).collect();
        let is_right = match told.as_slice() {
            [] => !is_told,
            [concern] => is_told && concern.starts_with("public.Item is locked by process "),
            _ => false,
        };
        ensure!(is_right, "{mode}, {options:?}: {told:?}");
    }
    let restore = Restore::new(&target.conninfo())?.options(clean);
    let report = run(restore, &archive)?;
    ensure!(report.end() == RestoreEnd::Complete, "{report:?}");
    ensure!(report.warnings.is_empty(), "{:?}", report.warnings);
    Ok(())
}

#[test]
fn one_transaction_that_takes_more_locks_than_there_is_room_for() -> Result<()> {
    let source = Server::get(Major::REFERENCE).database();
    source.execute_sql(
        "DO $$ BEGIN
             FOR i IN 1..300 LOOP EXECUTE format('CREATE TABLE item_%s (id int)', i); END LOOP;
         END $$",
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    dump(&source, &archive)?;
    let small = Server::builder(Major::REFERENCE)
        .setting("max_locks_per_transaction", "10")
        .setting("max_connections", "10")
        .setting("max_worker_processes", "0")
        .setting("max_wal_senders", "0")
        .start()?;
    let target = small.database();
    let runtime = tokio::runtime::Runtime::new()?;
    for (options, is_told) in [
        (RestoreOptions::default(), false),
        (
            RestoreOptions {
                single_transaction: true,
                ..RestoreOptions::default()
            },
            true,
        ),
        (
            RestoreOptions {
                transaction_size: Some(50),
                ..RestoreOptions::default()
            },
            false,
        ),
    ] {
        let restore = Restore::new(&target.conninfo())?.options(options.clone());
        let plan = runtime.block_on(restore.plan(&archive))?;
        let is_right = match plan.concerns.as_slice() {
            [] => !is_told,
            [Concern::LockTable { needed: 300, room }] => is_told && *room < 300,
            _ => false,
        };
        ensure!(is_right, "{options:?}: {:?}", plan.concerns);
    }
    Ok(())
}
