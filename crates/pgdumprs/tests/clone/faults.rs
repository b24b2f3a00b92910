//! One side that goes away: what is not there is never taken to be.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{CloneEnd, CloneEvent, RestoreEvent, RestoreStopped};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Database, Fault, Major, Server, SlowLink};

use super::{ALL_WAYS, Way, check, is_thorough, over, run};

const SEED: u64 = 31;

/// A database of which a large part is under way at a time.
pub(super) fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE big (id int PRIMARY KEY, t text);
         INSERT INTO big SELECT g, repeat(md5(g::text), 1 + g % 20) FROM generate_series(1, 6000) g;
         CREATE INDEX ON big (t);
         DO $$ BEGIN
             FOR i IN 1..40 LOOP
                 EXECUTE format('CREATE TABLE small_%s AS SELECT g AS id FROM generate_series(1, 100) g', i);
                 EXECUTE format('ALTER TABLE small_%s ADD FOREIGN KEY (id) REFERENCES big', i);
             END LOOP;
         END $$;
         SELECT lo_from_bytea(100000 + g, convert_to(repeat('x' || g, g % 3000), 'UTF8')) FROM generate_series(0, 30) g;",
    );
    source
}

/// The two sides of a clone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Source,
    Target,
}

/// A clone with a link to the server on one side.
pub(super) fn clone_over(
    side: Side,
    link: &SlowLink,
    source: &Database,
    target: &Database,
    way: Way,
) -> Result<pgdumprs::DatabaseClone> {
    let (from, to) = match side {
        Side::Source => (link.conninfo(source.name()), target.conninfo()),
        Side::Target => (source.conninfo(), link.conninfo(target.name())),
    };
    let clone = over(&from, &to, way)?;
    Ok(clone.target(|restore| restore.patience(Duration::from_secs(5))))
}

/// What is said to be complete is: the rest says what is missing.
#[test]
fn nothing_looks_complete_that_is_not() -> Result<()> {
    let points = match is_thorough() {
        true => 25,
        false => 2,
    };
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let mut ends = [0, 0];
    for side in [Side::Source, Side::Target] {
        for &way in ALL_WAYS {
            let target = source.empty_sibling()?;
            let link = SlowLink::open(&server, Duration::ZERO)?;
            let report = run(clone_over(side, &link, &source, &target, way)?)?;
            check(&source, &target, &report, "without a fault")?;
            let bytes = usize::try_from(link.bytes())?;
            for (turn, after) in random_numbers(SEED, points, bytes).into_iter().enumerate() {
                let fault = if turn % 2 == 0 {
                    Fault::CutAll
                } else {
                    Fault::Cut
                };
                let how = format!("{side:?}, {way:?}, {fault:?} after {after} of {bytes} bytes");
                let target = source.empty_sibling()?;
                let link = SlowLink::open(&server, Duration::ZERO)?;
                link.fail_after(u64::try_from(after)?, fault);
                let cloned = run(clone_over(side, &link, &source, &target, way)?);
                match cloned {
                    Ok(report) if report.end() == CloneEnd::Complete => {
                        // Where all connections end for good, nobody can say that all is well.
                        ensure!(fault == Fault::Cut || !link.has_failed(), "{how}");
                        check(&source, &target, &report, &how)?;
                        ends[0] += 1;
                    }
                    Ok(report) => {
                        let is_told = report.restore.stopped.is_some()
                            || report.source_end.is_some()
                            || !report.restore.failures.is_empty();
                        ensure!(is_told, "{how}: {report:#?}");
                        ends[1] += 1;
                    }
                    // It could not even begin.
                    Err(_) => ensure!(
                        target.psql("SELECT count(*) FROM pg_class WHERE oid >= 16384") == "0",
                        "{how}"
                    ),
                }
            }
        }
    }
    ensure!(ends[1] > 0, "no clone was cut off in its midst");
    Ok(())
}

/// A connection to the target that is lost is opened again, and what was read is read again from the same snapshot.
#[test]
fn a_clone_goes_on_after_a_connection_to_the_target_was_cut() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        let link = SlowLink::open(&server, Duration::ZERO)?;
        // In the midst of the largest table.
        link.fail_after(1_000_000, Fault::Cut);
        let cloned = clone_over(Side::Target, &link, &source, &target, way)?;
        let report = run(cloned)?;
        ensure!(link.has_failed());
        check(&source, &target, &report, &format!("{way:?}"))?;
    }
    Ok(())
}

/// Connections to the source beside the first are ended in the midst of what they read: it is read again in the same snapshot, and compared.
#[test]
fn a_clone_goes_on_after_connections_beside_the_first_were_lost() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    for way in ALL_WAYS.iter().filter(|way| way.jobs > 1) {
        let source = Arc::new(source(&server));
        source.execute_sql("INSERT INTO big SELECT g, repeat(md5(g::text), 20) FROM generate_series(6001, 20000) g");
        let target = source.empty_sibling()?;
        let at = Arc::clone(&source);
        let mut ended = 0;
        let (sender, told) = std::sync::mpsc::channel();
        let cloned = super::clone(&source, &target, *way)?
            .verify(true)
            .watch(move |event| {
                let is_loading = matches!(event, CloneEvent::Target(RestoreEvent::Progress(progress)) if progress.bytes > 100_000);
                if is_loading && ended == 0 {
                    // The first one holds the snapshot.
                    let count = at.psql(
                        "WITH found AS (SELECT pid, backend_start, min(backend_start) OVER () AS first FROM pg_stat_activity
                             WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid())
                         SELECT count(pg_terminate_backend(pid)) FROM found WHERE backend_start > first",
                    );
                    ended = count.parse().unwrap_or(0);
                    let _ = sender.send(ended);
                }
            });
        let report = run(cloned)?;
        let ended: i32 = told.iter().sum();
        ensure!(ended > 0, "{way:?}: no connection was there to be ended");
        let warned = |part: &str| report.warnings.iter().any(|warning| warning.contains(part));
        // Of whole tables they may have read all that they were asked for.
        let reads_on = way.part_bytes < 16 << 20;
        ensure!(
            warned("fewer connections") || !reads_on,
            "{way:?}: {report:#?}"
        );
        check(&source, &target, &report, &format!("{way:?}"))?;
        ensure!(
            report.verification.is_some_and(|found| found.is_proved()),
            "{way:?}"
        );
    }
    Ok(())
}

/// The source's connections end: the clone says so, and with what it was at.
#[test]
fn a_source_that_goes_away_ends_the_clone() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        let link = SlowLink::open(&server, Duration::ZERO)?;
        link.fail_after(1_000_000, Fault::CutAll);
        let cloned = clone_over(Side::Source, &link, &source, &target, way)?;
        let report = run(cloned).with_context(|| format!("{way:?}"))?;
        ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
        match &report.restore.stopped {
            Some(error @ RestoreStopped::Source { .. }) => {
                ensure!(error.to_string().contains("from the source"), "{error}");
            }
            other => bail!("{way:?}: {other:?}"),
        }
    }
    Ok(())
}

/// Rows that the target refuses are not there, and the clone is not complete.
#[test]
fn rows_that_are_refused_are_missed() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        target.execute_sql(
            "CREATE TABLE big (id int PRIMARY KEY CHECK (id <> 4000), t text); CREATE TABLE small_7 (id int CHECK (id < 50))",
        );
        let cloned = over(&source.conninfo(), &target.conninfo(), way)?
            .target(|restore| restore.regardless(true));
        let report = run(cloned)?;
        ensure!(report.end() == CloneEnd::Incomplete, "{report:#?}");
        let refused = report.restore.failures.iter();
        let refused = refused
            .filter(|failure| failure.error.code() == "23514")
            .count();
        ensure!(refused == 2, "{way:?}: {refused} {report:#?}");
        ensure!(target.psql("SELECT (SELECT count(*) FROM big), (SELECT count(*) FROM small_7), (SELECT count(*) FROM small_8)") == "0|0|100");
    }
    Ok(())
}
