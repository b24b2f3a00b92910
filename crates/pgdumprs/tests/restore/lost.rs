//! Connections that are lost, and sessions that are in the way: the restore goes on, and nothing is missing or there twice.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use pgdumprs::{Restore, RestoreEnd, RestoreEvent, RestoreReport, RestoreStopped};
use pgdumprs_testkit::compare::{compare_copy, stock_archive};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{
    Database, Fault, LARGE_OBJECTS, Major, Server, SlowLink, delicate_database,
    for_each_major_at_scale,
};

use super::{ALL_WAYS, Way, dump, into, run, run_in};

const SEED: u64 = 29;

/// Rows of the largest table.
const ROWS: u32 = 6000;

fn is_thorough() -> bool {
    std::env::var_os("PGDUMPRS_SCALE").is_some()
}

/// Makes sure that a copy is whole.
pub(super) fn check(source: &Database, target: &Database, report: &RestoreReport) -> Result<()> {
    ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
    ensure!(
        report.large_objects == LARGE_OBJECTS,
        "{}",
        report.large_objects
    );
    let comparison = compare_copy(source, target, "after a fault")?;
    ensure!(comparison.is_same(), "{comparison}");
    Ok(())
}

#[test]
fn a_restore_goes_on_after_a_connection_was_cut() {
    for_each_major_at_scale(goes_on_after_a_cut);
}

fn goes_on_after_a_cut(server: &Server) -> Result<()> {
    let points = if is_thorough() { 40 } else { 2 };
    let source = delicate_database(server, ROWS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let over = |link: &SlowLink, target: &Database| -> Result<Restore> {
            let restore = Restore::new(&link.conninfo(target.name()))?.jobs(way.jobs);
            Ok(if way.shares {
                restore.share_tables_from(0)
            } else {
                restore
            })
        };
        let whole = source.empty_sibling()?;
        let link = SlowLink::open(server, Duration::ZERO)?;
        run(over(&link, &whole)?, &archive)?;
        let bytes = usize::try_from(link.bytes())?;
        for after in random_numbers(SEED, points, bytes) {
            let what = format!("{way:?}, cut after {after} of {bytes} bytes");
            let target = source.empty_sibling()?;
            let link = SlowLink::open(server, Duration::ZERO)?;
            link.fail_after(u64::try_from(after)?, Fault::Cut);
            let runtime = tokio::runtime::Runtime::new()?;
            // One that cannot even begin is an error, and has changed nothing.
            match runtime.block_on(over(&link, &target)?.from_file(&archive)) {
                Ok(report) => check(&source, &target, &report).with_context(|| what.clone())?,
                Err(_) => ensure!(
                    target.psql("SELECT count(*) FROM pg_class WHERE oid >= 16384") == "0",
                    "{what}"
                ),
            }
        }
    }
    Ok(())
}

/// Statements in the place of rows are a transaction each: the table is emptied first.
#[test]
fn a_table_of_inserts_is_loaded_again_from_its_beginning() {
    for_each_major_at_scale(loads_inserts_again);
}

fn loads_inserts_again(server: &Server) -> Result<()> {
    let source = delicate_database(server, ROWS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    stock_archive(&source, &archive, &["--rows-per-insert=50"])?;
    let points = if is_thorough() { 20 } else { 2 };
    let over = |link: &SlowLink, target: &Database| -> Result<Restore> {
        Ok(Restore::new(&link.conninfo(target.name()))?.jobs(1))
    };
    let link = SlowLink::open(server, Duration::ZERO)?;
    run(over(&link, &source.empty_sibling()?)?, &archive)?;
    // Rows are most of it, from before the tenth part on.
    let bytes = link.bytes();
    for part in random_numbers(SEED, points, 80) {
        let target = source.empty_sibling()?;
        let link = SlowLink::open(server, Duration::ZERO)?;
        link.fail_after(bytes * (10 + u64::try_from(part)?) / 100, Fault::Cut);
        let report = run(over(&link, &target)?, &archive)?;
        ensure!(link.has_failed(), "{part}");
        check(&source, &target, &report).with_context(|| format!("{part}"))?;
    }
    Ok(())
}

/// Goes on with what a restore has not completed, from its journal, and makes sure that the copy is whole then.
pub(super) fn complete(
    source: &Database,
    target: &Database,
    way: Way,
    archive: &Path,
    journal: &Path,
    report: RestoreReport,
) -> Result<()> {
    let report = match report.end() {
        RestoreEnd::Complete => report,
        _ => {
            let restore = into(target, way)?.journal(journal).resume(true);
            run_in(way, restore, archive).with_context(|| format!("{report:#?}"))?
        }
    };
    ensure!(!journal.exists(), "{report:#?}");
    check(source, target, &report)
}

/// Has a restore do `disturb` once that has come to a given number of entries.
pub(super) fn disturbed(
    restore: Restore,
    after: usize,
    disturb: impl FnOnce() + Send + 'static,
) -> Restore {
    let (mut count, mut disturb) = (0, Some(disturb));
    restore.watch(move |event| {
        if matches!(event, RestoreEvent::EntryStarted { .. }) {
            count += 1;
            if count > after
                && let Some(disturb) = disturb.take()
            {
                disturb();
            }
        }
    })
}

/// A server whose process is killed stops all others and recovers, without what was not on its disk.
#[test]
fn a_restore_goes_on_after_backends_were_ended_and_the_server_crashed() {
    for_each_major_at_scale(goes_on_after_a_crash);
}

fn goes_on_after_a_crash(server: &Server) -> Result<()> {
    let turns = if is_thorough() { 20 } else { 1 };
    let server = Server::builder(server.release())
        .setting("wal_writer_delay", "10s")
        .setting("fsync", "on")
        .start()?;
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    let entries = pgdumprs::archive::Reader::open_path(&archive)?
        .entries()
        .len();
    let points = random_numbers(SEED, turns * ALL_WAYS.len() * 2, entries * 2 / 3);
    for (turn, after) in points.into_iter().enumerate() {
        let way = ALL_WAYS[turn % ALL_WAYS.len()];
        let crashes = turn / ALL_WAYS.len() % 2 == 0;
        let target = source.empty_sibling()?;
        let conninfo = server.conninfo("postgres");
        let name = target.name().to_owned();
        let restore = disturbed(into(&target, way)?, after, move || {
            let disturbing = move || -> Result<()> {
                let runtime = tokio::runtime::Runtime::new()?;
                let pids = runtime.block_on(pids(&conninfo, &name, !crashes))?;
                if let Some(pid) = pids.first().filter(|_| crashes) {
                    let status = std::process::Command::new("kill")
                        .args(["-KILL", pid])
                        .status()?;
                    ensure!(status.success());
                }
                Ok(())
            };
            std::thread::spawn(disturbing);
        });
        let report = run(restore, &archive)?;
        let what = || format!("{way:?}, crash: {crashes}, after {after} of {entries} entries");
        check(&source, &target, &report).with_context(what)?;
    }
    Ok(())
}

/// The processes that work in a database, ended where that is wanted.
async fn pids(conninfo: &str, database: &str, ends: bool) -> Result<Vec<String>> {
    let params = pgdumprs::ConnectParams::parse(conninfo)?.resolve(|_| None)?;
    let mut session = pgdumprs_connect::Session::connect(&params).await?;
    let sql = format!(
        "SELECT pid::text, {} FROM pg_stat_activity WHERE datname = '{database}' AND pid <> pg_backend_pid()",
        if ends {
            "pg_terminate_backend(pid)"
        } else {
            "true"
        }
    );
    let rows = session.query(sql).await?;
    let pids = rows
        .iter()
        .map(|row| Ok(row.get::<bstr::BString>(0)?.to_string()));
    pids.collect()
}

#[test]
fn one_transaction_is_not_begun_again() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = delicate_database(&server, ROWS);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    let target = source.empty_sibling()?;
    let link = SlowLink::open(&server, Duration::ZERO)?;
    link.fail_after(std::fs::metadata(&archive)?.len() / 2, Fault::Cut);
    let options = pgdumprs::RestoreOptions {
        single_transaction: true,
        ..Default::default()
    };
    let restore = Restore::new(&link.conninfo(target.name()))?.options(options);
    let report = run(restore, &archive)?;
    ensure!(report.end() == RestoreEnd::Incomplete && report.rolled_back);
    ensure!(matches!(
        report.stopped,
        Some(RestoreStopped::Connection { .. })
    ));
    Ok(())
}

/// Another session holds a lock and then wants one that the restore has: the server ends one of the two.
#[test]
fn what_a_deadlock_has_ended_is_tried_again() -> Result<()> {
    let server = Server::builder(Major::REFERENCE)
        .setting("deadlock_timeout", "20ms")
        .start()?;
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b (id int REFERENCES a); INSERT INTO a VALUES (1); INSERT INTO b VALUES (1)",
    );
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for way in [ALL_WAYS[0], ALL_WAYS[1]] {
        let target = source.empty_sibling()?;
        // What an event trigger raises is as good as what a lock does.
        target.execute_sql(
            "CREATE SEQUENCE tries;
             CREATE FUNCTION fails() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                 IF nextval('public.tries') IN (1, 3, 6, 7) THEN
                     RAISE 'deadlock detected' USING ERRCODE = CASE currval('public.tries') % 2 WHEN 0 THEN '40001' ELSE '40P01' END;
                 END IF;
             END $$;
             CREATE EVENT TRIGGER fails ON ddl_command_start EXECUTE FUNCTION fails()",
        );
        let report = run(into(&target, way)?, &archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        ensure!(
            report
                .warnings
                .iter()
                .any(|warning| warning.contains("tried again")),
            "{report:#?}"
        );
        ensure!(target.psql("SELECT count(*), (SELECT count(*) FROM pg_constraint WHERE contype = 'f') FROM a JOIN b USING (id)") == "1|1");

        target.execute_sql("DROP EVENT TRIGGER fails; DROP TABLE b, a CASCADE; CREATE OR REPLACE FUNCTION fails() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN
                 RAISE 'deadlock detected' USING ERRCODE = '40P01';
             END $$;
             CREATE EVENT TRIGGER fails ON ddl_command_start WHEN TAG IN ('ALTER TABLE') EXECUTE FUNCTION fails()");
        let report = run(into(&target, way)?, &archive)?;
        ensure!(report.end() == RestoreEnd::Incomplete);
        ensure!(
            report
                .failures
                .iter()
                .any(|failure| failure.error.code() == "40P01"),
            "{report:#?}"
        );
    }
    Ok(())
}
