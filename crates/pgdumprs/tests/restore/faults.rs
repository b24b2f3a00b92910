//! Connections that break: a restore that is said to be complete is.

use std::time::Duration;

use anyhow::{Result, ensure};
use pgdumprs::{Restore, RestoreEnd};
use pgdumprs_testkit::random::random_numbers;
use pgdumprs_testkit::{Database, Fault, Major, Server, SlowLink};

use super::{ALL_WAYS, SERIAL, Way, dump, run};

const SEED: u64 = 13;

/// What a restore must have brought.
const SUMS: &str = "SELECT (SELECT count(*) FROM big), (SELECT sum(length(t)) FROM big), (SELECT count(*) FROM small_40), \
                    (SELECT count(*) FROM pg_index WHERE indrelid = 'big'::regclass), (SELECT count(*) FROM pg_largeobject), \
                    (SELECT count(*) FROM pg_constraint WHERE contype = 'f')";

fn source(server: &Server) -> Database {
    let source = server.database();
    source.execute_sql(
        "CREATE TABLE big (id int PRIMARY KEY, t text);
         INSERT INTO big SELECT g, repeat(md5(g::text), 1 + g % 20) FROM generate_series(1, 10000) g;
         CREATE INDEX ON big (t);
         DO $$ BEGIN
             FOR i IN 1..40 LOOP
                 EXECUTE format('CREATE TABLE small_%s AS SELECT g AS id FROM generate_series(1, 100) g', i);
                 EXECUTE format('ALTER TABLE small_%s ADD FOREIGN KEY (id) REFERENCES big', i);
             END LOOP;
         END $$;
         SELECT lo_from_bytea(100000 + g, convert_to(repeat('x' || g, g % 3000), 'UTF8')) FROM generate_series(0, 50) g;",
    );
    source
}

#[test]
fn a_connection_cut_at_any_byte_never_ends_as_complete_without_all() -> Result<()> {
    let points = match std::env::var_os("PGDUMPRS_SCALE").is_some() {
        true => 100,
        false => 6,
    };
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    let expected = source.psql(SUMS);
    for &way in ALL_WAYS {
        let whole = source.empty_sibling()?;
        let link = SlowLink::open(&server, Duration::ZERO)?;
        let report = run(over(&link, &whole, way)?, &archive)?;
        ensure!(report.end() == RestoreEnd::Complete, "{report:#?}");
        ensure!(whole.psql(SUMS) == expected);
        let bytes = usize::try_from(link.bytes())?;
        let (mut failed, mut complete) = (0, 0);
        for (turn, after) in random_numbers(SEED, points, bytes).into_iter().enumerate() {
            let fault = [Fault::Cut, Fault::CutAll][turn % 2];
            let target = source.empty_sibling()?;
            let link = SlowLink::open(&server, Duration::ZERO)?;
            link.fail_after(u64::try_from(after)?, fault);
            let runtime = tokio::runtime::Runtime::new()?;
            let restore = over(&link, &target, way)?.patience(Duration::from_millis(100));
            let ended = runtime.block_on(restore.from_file(&archive));
            // One that cannot even begin is an error.
            if ended.is_ok_and(|report| report.end() == RestoreEnd::Complete) {
                let found = target.psql(SUMS);
                let what = || format!("{way:?}, {fault:?} after {after} of {bytes} bytes");
                ensure!(
                    found == expected,
                    "{}: {found} rather than {expected}",
                    what()
                );
                complete += 1;
            } else {
                failed += 1;
            }
        }
        println!("{way:?}: {failed} restores failed, {complete} were complete all the same");
        ensure!(failed > 0);
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

/// Dropping the future ends what the server does for it.
#[test]
fn a_restore_that_is_dropped_leaves_nothing_at_work() -> Result<()> {
    let server = Server::get(Major::REFERENCE);
    let source = source(&server);
    let folder = tempfile::tempdir()?;
    let archive = folder.path().join("archive.dump");
    dump(&source, &archive)?;
    for &way in ALL_WAYS {
        let target = source.empty_sibling()?;
        let link = SlowLink::open(&server, Duration::from_millis(5))?;
        let runtime = tokio::runtime::Runtime::new()?;
        let restore = over(&link, &target, way)?;
        let dropped = runtime.block_on(async {
            tokio::time::timeout(Duration::from_millis(300), restore.from_file(&archive)).await
        });
        drop(runtime);
        ensure!(
            dropped.is_err(),
            "{way:?}: it was over before it was dropped"
        );
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
