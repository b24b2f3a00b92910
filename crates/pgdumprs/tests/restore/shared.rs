//! Tables that are loaded over several connections, while other sessions want them for themselves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Restore, RestoreEnd};
use pgdumprs_connect::{ConnectParams, Session};
use pgdumprs_testkit::{Major, Server};

use crate::{SHARED, dump, into, run};

/// How often it is restored: whether a lock is asked for between those of two connections is a matter of chance.
const TURNS: usize = 5;

/// After this time a restore is taken to hang.
const HANG: Duration = Duration::from_secs(60);

/// Connections that load a table wait for each other with their locks in hand, so none may be waited for that is behind another session in the
/// queue for a lock.
#[test]
fn nobody_waits_for_whoever_has_not_got_the_locks() -> Result<()> {
    for major in [Major::V13, Major::REFERENCE] {
        let server = Server::get(major);
        let source = server.database();
        source.execute_sql(
            "CREATE TABLE event (id integer, text text) PARTITION BY RANGE (id);
             CREATE TABLE events PARTITION OF event FOR VALUES FROM (0) TO (1000000) PARTITION BY RANGE (id);
             CREATE TABLE event_1 PARTITION OF events FOR VALUES FROM (0) TO (1000000);
             INSERT INTO event SELECT g, repeat('x', 100) FROM generate_series(1, 30000) g",
        );
        let folder = tempfile::tempdir()?;
        let archive = folder.path().join("a.dump");
        dump(&source, &archive)?;
        let runtime = tokio::runtime::Runtime::new()?;
        for turn in 0..TURNS {
            let target = server.database();
            let is_over = AtomicBool::new(false);
            let locks = async {
                let params = ConnectParams::parse(&target.conninfo())?;
                let mut session = Session::connect(&params).await?;
                while !is_over.load(Ordering::Relaxed) {
                    // Until the table is there, that fails.
                    let _ = session
                        .query("LOCK TABLE ONLY event IN ACCESS EXCLUSIVE MODE")
                        .await;
                    tokio::time::sleep(Duration::from_millis(1)).await;
                }
                session.close().await;
                anyhow::Ok(())
            };
            let restore = Restore::new(&target.conninfo())?
                .jobs(4)
                .share_tables_from(1);
            let restored = async {
                let report = tokio::time::timeout(HANG, restore.from_file(&archive)).await;
                is_over.store(true, Ordering::Relaxed);
                anyhow::Ok(report.context("the restore hangs")??)
            };
            let (report, locked) = runtime.block_on(async { tokio::join!(restored, locks) });
            locked?;
            let report = report?;
            ensure!(
                report.end() == RestoreEnd::Complete,
                "turn {turn}: {report:?}"
            );
            ensure!(target.psql("SELECT count(*) FROM event") == "30000");
        }
    }
    Ok(())
}

/// A table's rows are loaded by one COPY where they shall keep their order.
#[test]
fn rows_keep_their_order_where_that_is_asked_for() -> Result<()> {
    let server = Server::telling(Major::REFERENCE)?;
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE item AS SELECT g AS id, md5(g::text) || md5((-g)::text) AS t FROM generate_series(1, 200000) g",
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("a.dump");
    dump(&source, &archive)?;
    let copies = || server.times_asked("COPY public.item (id, t) FROM stdin");
    let mut before = 0;
    for (keeps, wanted) in [(true, 1..=1), (false, 2..=usize::MAX)] {
        let target = server.database();
        let restore = into(&target, SHARED)?;
        let restore = match keeps {
            true => restore.keep_row_order(true),
            false => restore,
        };
        let report = run(restore, &archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:?}");
        ensure!(target.psql("SELECT count(*) FROM item") == "200000");
        let count = copies()? - before;
        before += count;
        ensure!(
            wanted.contains(&count),
            "rows are kept in order: {keeps}, by {count} COPYs"
        );
    }
    Ok(())
}
