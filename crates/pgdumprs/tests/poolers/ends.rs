//! Poolers that go away in the middle of a dump.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pgdumprs_testkit::{Database, Major, Pooler, Server};

use crate::{endless, prepare, runtime, said};

/// A pooler that crashes says nothing any more, and one that is stopped may.
#[test]
fn a_pooler_that_ends_is_named_with_the_table_and_leaves_no_file() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    for (signal, jobs) in [("KILL", 1), ("KILL", 4), ("QUIT", 4)] {
        let (database, role) = endless(&server);
        let pooler = server.pooler().start()?;
        dump_while_it_ends(&database, &role, &pooler, signal, jobs)
            .with_context(|| format!("SIG{signal}, -j {jobs}"))?;
    }
    Ok(())
}

fn dump_while_it_ends(
    database: &Database,
    role: &str,
    pooler: &Pooler,
    signal: &str,
    jobs: usize,
) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("db.dump");
    let dump = prepare(&pooler.conninfo(database.name()), jobs)?
        .role(role)
        .row_security(true);
    let (said, hint) = runtime().block_on(async {
        let to = path.clone();
        let dump = tokio::spawn(async move { dump.to_file(&to).await });
        wait_for_reader(database).await?;
        pooler.signal(signal)?;
        let ended = tokio::time::timeout(Duration::from_secs(60), dump).await;
        let Err(error) = ended.context("the dump hangs")?? else {
            bail!("there is a dump");
        };
        Ok(said(error))
    })?;
    let socket = format!(".s.PGSQL.{}", pooler.port());
    for part in ["table public.endless", "was lost", &socket] {
        ensure!(said.contains(part), "{part} is not in: {said}");
    }
    ensure!(hint.contains("log"), "{hint}, for: {said}");
    let left: Vec<_> = std::fs::read_dir(folder.path())?.collect();
    ensure!(left.is_empty(), "{left:?}");
    Ok(())
}

/// Waits until somebody reads the table that takes for ever.
async fn wait_for_reader(database: &Database) -> Result<()> {
    let limit = Instant::now() + Duration::from_secs(60);
    let readers = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()";
    while database.psql(readers) != "1" {
        ensure!(Instant::now() < limit, "nobody reads the table");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    Ok(())
}
