//! What a report says, against what the server says.

use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, Lsn, Report};
use pgdumprs_testkit::{Database, Major, Server};

use crate::{block_on, dump, shop};

/// The server's place in its write-ahead log.
fn place(database: &Database) -> Result<Lsn> {
    let text = database.psql("SELECT pg_current_wal_lsn()");
    let (high, low) = text.split_once('/').context("no place in the log")?;
    Ok(Lsn(
        u64::from_str_radix(high, 16)? << 32 | u64::from_str_radix(low, 16)?
    ))
}

fn into_nothing(dump: Dump) -> Result<Report> {
    Ok(block_on(dump.to_writer(tokio::io::sink()))??)
}

#[test]
fn it_says_what_was_dumped_and_when() -> Result<()> {
    let database = shop()?;
    let (before, began) = (place(&database)?, SystemTime::now());
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("a.dump");
    let report = block_on(dump(&database)?.to_file(&path))??;
    let (after, ended) = (place(&database)?, SystemTime::now());

    ensure!(report.database == database.name(), "{report:?}");
    ensure!(report.server_version.starts_with(b"17."), "{report:?}");
    ensure!((report.tables, report.rows) == (3, 50_002), "{report:?}");
    ensure!(report.large_objects == 1, "{report:?}");
    ensure!(
        report.archive_bytes == std::fs::metadata(&path)?.len(),
        "{report:?}"
    );
    let archive = pgdumprs::archive::Reader::open_path(&path)?;
    ensure!(report.entries == archive.entries().len(), "{report:?}");
    let lsn = report.snapshot_lsn.context("no place in the log")?;
    ensure!((before..=after).contains(&lsn), "{before} {lsn} {after}");
    let time = report.snapshot_time.context("no time")?;
    ensure!(
        (began..=ended).contains(&time),
        "{began:?} {time:?} {ended:?}"
    );
    ensure!(report.elapsed >= Duration::from_millis(1), "{report:?}");
    ensure!(report.warnings.is_empty(), "{report:?}");

    let names: Vec<_> = report
        .table_reports
        .iter()
        .map(|table| table.name.to_string())
        .collect();
    // In the archive's order, which is that of names.
    ensure!(
        names == ["public.\"Odd name\"", "public.empty", "public.item"],
        "{names:?}"
    );
    let copied = |table: &str| {
        let copied = database.psql(&format!("COPY public.{table} TO STDOUT"));
        // What psql prints lost the last newline.
        copied.len() as u64 + u64::from(!copied.is_empty())
    };
    for (table, rows) in report.table_reports.iter().zip([2, 0, 50_000]) {
        let name = table.name.to_string();
        ensure!(table.rows == rows, "{table:?}");
        ensure!(
            table.raw_bytes == copied(&name["public.".len()..]),
            "{table:?}"
        );
        // An empty table has an end of data, which is compressed too.
        ensure!(table.compressed_bytes > 0, "{table:?}");
        ensure!(table.elapsed <= report.elapsed, "{table:?}");
    }
    // Its rows come in many pieces.
    ensure!(
        report.table_reports[2].elapsed > Duration::ZERO,
        "{report:?}"
    );
    let sum =
        |of: fn(&pgdumprs::TableReport) -> u64| report.table_reports.iter().map(of).sum::<u64>();
    ensure!(
        sum(|table| table.raw_bytes) + 6000 == report.raw_bytes,
        "{report:?}"
    );
    let compressed = sum(|table| table.compressed_bytes);
    ensure!(compressed < report.compressed_bytes, "{report:?}");
    ensure!(report.compressed_bytes < report.archive_bytes, "{report:?}");
    ensure!(report.compressed_bytes < report.raw_bytes, "{report:?}");
    Ok(())
}

#[test]
fn a_role_that_may_not_ask_for_the_place_in_the_log_dumps_without() -> Result<()> {
    // What is revoked here is revoked for the whole server.
    let server = Server::builder(Major::V17).start()?;
    let database = server.database();
    let role = server.role("LOGIN");
    database.try_execute_sql(format!(
        "CREATE TABLE t AS SELECT 1 AS a; GRANT SELECT ON t TO {role};
         REVOKE EXECUTE ON FUNCTION pg_catalog.pg_current_wal_lsn() FROM PUBLIC;"
    ))?;
    for jobs in [1, 2] {
        let dump = Dump::new(&format!("{} user={role}", database.conninfo()))?.jobs(jobs);
        let report = into_nothing(dump)?;
        ensure!(report.snapshot_lsn.is_none(), "{report:?}");
        ensure!(report.snapshot_time.is_some(), "{report:?}");
        ensure!(report.rows == 1, "{report:?}");
    }
    Ok(())
}

#[test]
fn a_standby_says_how_far_it_has_replayed() -> Result<()> {
    let primary = Server::builder(Major::V17).start()?;
    let database = primary.database();
    database.try_execute_sql("CREATE TABLE t AS SELECT 1 AS a")?;
    let standby = primary.standby().start()?;
    let at = place(&database)?;
    standby.catch_up_with(&primary)?;
    let report = into_nothing(Dump::new(&standby.conninfo(database.name()))?)?;
    let lsn = report.snapshot_lsn.context("no place in the log")?;
    ensure!(lsn >= at, "{lsn} is before {at}");
    ensure!(report.rows == 1, "{report:?}");
    Ok(())
}

#[test]
fn what_failed_has_a_kind_and_a_sqlstate() -> Result<()> {
    use pgdumprs::ErrorKind;
    let database = shop()?;
    let server = database.server();
    let role = server.role("LOGIN");
    let conninfo = database.conninfo();
    let cases = [
        (
            format!("{conninfo} dbname=no_such"),
            ErrorKind::Invalid,
            Some("3D000"),
        ),
        (
            format!("{conninfo} user=no_such"),
            ErrorKind::Denied,
            Some("28000"),
        ),
        (format!("{conninfo} port=1"), ErrorKind::Unavailable, None),
        (
            format!("{conninfo} user={role}"),
            ErrorKind::Forbidden,
            None,
        ),
    ];
    for (conninfo, kind, sqlstate) in cases {
        let error = block_on(Dump::new(&conninfo)?.to_writer(tokio::io::sink()))?
            .err()
            .context("the dump succeeds")?;
        ensure!(error.kind() == kind, "{:?} for {error}", error.kind());
        ensure!(
            error.sqlstate() == sqlstate,
            "{:?} for {error}",
            error.sqlstate()
        );
    }
    let error = block_on(
        dump(&database)?
            .include_table("no_such*")
            .to_writer(tokio::io::sink()),
    )?
    .err()
    .context("the dump succeeds")?;
    ensure!(error.kind() == ErrorKind::NoMatch, "{error:?}");
    ensure!(!error.kind().is_transient() && ErrorKind::Locked.is_transient());
    Ok(())
}
