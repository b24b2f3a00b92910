//! Connections that break: a restore that is said to be complete is.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreEvent};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{
    Database, Fault, Major, Server, SlowLink, delicate_database, for_each_major_at_scale,
};
use tokio::sync::Notify;

use super::{ALL_WAYS, SERIAL, Way, dump, lost, run, run_in};

const SEED: u64 = 13;

/// Rows of the largest table.
const ROWS: u32 = 6000;

#[test]
fn a_connection_cut_at_any_byte_never_ends_as_complete_without_all() {
    for_each_major_at_scale(ends_as_it_is_when_cut);
}

/// Whoever has no patience ends, and another restore goes on from the journal.
fn ends_as_it_is_when_cut(server: &Server) -> Result<()> {
    let is_thorough = std::env::var_os("PGDUMPRS_SCALE").is_some();
    let points = if is_thorough { 40 } else { 2 };
    let source = delicate_database(server, ROWS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let whole = source.empty_sibling()?;
        let link = SlowLink::open(server, Duration::ZERO)?;
        run_in(way, over(&link, &whole, way)?, &archive)?;
        let bytes = usize::try_from(link.bytes())?;
        let (mut not_begun, mut resumed, mut complete) = (0, 0, 0);
        for (turn, after) in random_numbers(SEED, points, bytes).into_iter().enumerate() {
            let fault = [Fault::Cut, Fault::CutAll][turn % 2];
            let what = format!("{way:?}, {fault:?} after {after} of {bytes} bytes");
            let target = source.empty_sibling()?;
            let link = SlowLink::open(server, Duration::ZERO)?;
            link.fail_after(u64::try_from(after)?, fault);
            let journal = folder.path().join("journal");
            let restore = over(&link, &target, way)?
                .patience(Duration::from_millis(100))
                .journal(&journal);
            // One that cannot even begin is an error, and has changed nothing.
            let Ok(report) = run_in(way, restore, &archive) else {
                ensure!(
                    target.psql("SELECT count(*) FROM pg_class WHERE oid >= 16384") == "0",
                    "{what}"
                );
                not_begun += 1;
                continue;
            };
            match report.end() {
                RestoreEnd::Complete => complete += 1,
                _ => resumed += 1,
            }
            lost::complete(&source, &target, way, &archive, &journal, report)
                .with_context(|| what)?;
        }
        println!(
            "{}, {way:?}: {not_begun} were not begun, {resumed} gone on with, {complete} complete all the same",
            server.major()
        );
        ensure!(resumed > 0);
    }
    Ok(())
}

fn over(link: &SlowLink, target: &Database, way: Way) -> Result<Restore> {
    let restore = Restore::new(&link.conninfo(target.name()))?.jobs(way.jobs);
    Ok(match way.shares {
        true => restore.share_tables_from(0),
        false => restore,
    })
}

/// How long a byte is under way to a server that a restore is dropped of, in each direction.
const LINK: Duration = Duration::from_millis(10);

/// Dropping the future ends what the server does for it.
#[test]
fn a_restore_that_is_dropped_leaves_nothing_at_work() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        let link = SlowLink::open(&server, LINK)?;
        let runtime = tokio::runtime::Runtime::new()?;
        let has_begun = Arc::new(Notify::new());
        let begins = Arc::clone(&has_begun);
        let restore = over(&link, &target, way)?.watch(move |event| {
            if matches!(event, RestoreEvent::EntryStarted { descriptor, .. } if descriptor == "TABLE DATA") {
                begins.notify_one();
            }
        });
        let was_over = runtime.block_on(async {
            let mut restoring = std::pin::pin!(restore.from_file(&archive));
            tokio::select! {
                biased;
                () = has_begun.notified() => {
                    // The rows need that long to get to the server.
                    tokio::time::timeout(LINK, &mut restoring).await.is_ok()
                }
                _ = &mut restoring => true,
            }
        });
        drop(runtime);
        ensure!(!was_over, "{way:?}: it was over before it was dropped");
        ensure!(pgdumprs::wait_for_cancels(Duration::from_secs(60)));
        let at_work = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        let limit = std::time::Instant::now() + Duration::from_secs(60);
        while target.psql(at_work) != "0" {
            ensure!(
                std::time::Instant::now() < limit,
                "{way:?}: somebody is still at work"
            );
        }
    }
    Ok(())
}

/// The number of entries does not decide how often the link is waited for.
#[test]
fn round_trips_do_not_grow_with_the_number_of_entries() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    let mut round_trips = Vec::new();
    for tables in [20, 200] {
        let source = server.database();
        source.execute_sql(format!(
            "DO $$ BEGIN
                 FOR i IN 1..{tables} LOOP
                     EXECUTE format('CREATE TABLE t%s (id int PRIMARY KEY, t text)', i);
                     EXECUTE format('INSERT INTO t%s SELECT g, g FROM generate_series(1, 20) g', i);
                     EXECUTE format('COMMENT ON TABLE t%s IS %L', i, i);
                 END LOOP;
             END $$"
        ));
        dump(&source, &archive)?;
        let target = source.empty_sibling()?;
        let link = SlowLink::open(&server, Duration::from_millis(2))?;
        let report = run(over(&link, &target, SERIAL)?, &archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        round_trips.push(link.traffic().round_trips);
    }
    // A window's worth of statements costs one at most.
    ensure!(round_trips[1] < round_trips[0] + 40, "{round_trips:?}");
    Ok(())
}
