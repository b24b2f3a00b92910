//! Dumps of hot standbys.

mod snapshots;

use std::path::Path;
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use pgdumprs::{ArchiveVersion, CreationTime, Dump, Event};
use pgdumprs_testkit::compare::compare_archives;
use pgdumprs_testkit::{Server, checked_output, for_each_release, reference_pg_dump};

/// What there is to data, and what a standby does not have.
const CONTENT: &str = "
    CREATE TABLE big AS SELECT g AS id, md5(g::text) AS t FROM generate_series(1, 30000) g;
    CREATE TABLE numbered (id serial PRIMARY KEY, t text);
    INSERT INTO numbered (t) SELECT g FROM generate_series(1, 100) g;
    CREATE SEQUENCE counted START 7;
    SELECT nextval('counted');
    CREATE UNLOGGED TABLE unlogged (id serial, t text);
    INSERT INTO unlogged (t) VALUES ('lost in a crash');
    CREATE MATERIALIZED VIEW kept AS SELECT count(*) FROM big;
    CREATE TABLE parted (id integer) PARTITION BY RANGE (id);
    CREATE TABLE part PARTITION OF parted DEFAULT;
    INSERT INTO parted SELECT generate_series(1, 10);
    SELECT lo_from_bytea(7301, 'a large object');";

/// One standby of each release for all of it: making one takes longer than what is done with it.
#[test]
fn standbys_are_dumped_and_say_what_they_cannot() {
    for_each_release(|primary| {
        let standby = primary
            .standby()
            // Replay waits for nobody.
            .setting("max_standby_streaming_delay", "0")
            .start()?;
        let is_safe = snapshots::exports_all(primary, &standby).context("a snapshot")?;
        snapshots::are_shared_only_where_that_is_safe(primary, &standby, is_safe)
            .context("snapshots")?;
        is_dumped_as_stock_dumps_it(primary, &standby, is_safe).context("as stock")?;
        refuses_what_it_cannot_do(primary, &standby).context("refusals")?;
        names_the_table_of_a_conflict(primary, &standby).context("conflicts")
    });
}

fn is_dumped_as_stock_dumps_it(primary: &Server, standby: &Server, is_safe: bool) -> Result<()> {
    let database = primary.database();
    database.execute_sql(CONTENT);
    let reader = primary.role("LOGIN");
    database.execute_sql(format!(
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {reader};
             GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO {reader};
             GRANT SELECT ON LARGE OBJECT 7301 TO {reader}"
    ));
    standby.catch_up_with(primary)?;
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    for user in ["postgres", &reader] {
        let conninfo = format!("{} user={user}", standby.conninfo(database.name()));
        stock(&conninfo, &path("stock"))?;
        let warnings = dump(&conninfo, 4, &path("four"))?;
        ensure!(warnings.len() == usize::from(!is_safe), "{warnings:?}");
        let comparison = compare_archives(&path("stock"), &path("four"))?;
        ensure!(comparison.is_same(), "as {user}: {comparison}");
        let warnings = dump(&conninfo, 1, &path("one"))?;
        ensure!(warnings.is_empty(), "{warnings:?}");
        ensure!(
            std::fs::read(path("one"))? == std::fs::read(path("four"))?,
            "-j 4 makes other bytes"
        );
    }
    Ok(())
}

fn refuses_what_it_cannot_do(primary: &Server, standby: &Server) -> Result<()> {
    let database = primary.database();
    standby.catch_up_with(primary)?;
    let conninfo = standby.conninfo(database.name());
    let stock = checked_output(reference_pg_dump().args([
        "-Fc",
        "--serializable-deferrable",
        "-d",
        &conninfo,
    ]));
    let (said, hint) = refusal(Dump::new(&conninfo)?.serializable_deferrable(true))?;
    let reason = "cannot use serializable mode in a hot standby";
    ensure!(format!("{:#}", stock.unwrap_err()).contains(reason));
    ensure!(
        said.contains(reason) && hint.contains("--serializable-deferrable"),
        "{said}; {hint}"
    );
    Ok(())
}

/// A standby that does not wait removes rows that the dump still has to see.
fn names_the_table_of_a_conflict(primary: &Server, standby: &Server) -> Result<()> {
    let database = primary.database();
    let role = primary.role("LOGIN");
    // Whoever reads a row of it waits.
    database.execute_sql(format!(
        "CREATE TABLE churned AS SELECT g AS a FROM generate_series(1, 1000) g;
             CREATE TABLE endless AS SELECT 1 AS a;
             ALTER TABLE endless ENABLE ROW LEVEL SECURITY;
             CREATE POLICY p ON endless USING (pg_sleep(600) IS NOT NULL);
             GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};"
    ));
    standby.catch_up_with(primary)?;
    let conninfo = format!("{} user={role}", standby.conninfo(database.name()));
    let dump = Dump::new(&conninfo)?.jobs(1).row_security(true);
    let dump = std::thread::spawn(move || refusal(dump));
    wait_for_reader(standby, database.name())?;
    database.execute_sql("DELETE FROM churned");
    database.execute_sql("VACUUM churned");
    let (said, hint) = dump.join().expect("the dump does not panic")?;
    ensure!(
        said.contains("could not copy the data of table public.endless"),
        "{said}"
    );
    ensure!(
        said.contains("conflict with recovery") && said.contains("40001"),
        "{said}"
    );
    ensure!(
        hint.contains("hot_standby_feedback") && hint.contains("max_standby_streaming_delay"),
        "{hint}"
    );
    Ok(())
}

/// Dumps, and returns what was warned of.
fn dump(conninfo: &str, jobs: usize, path: &Path) -> Result<Vec<String>> {
    dump_saying(conninfo, jobs, path, |_| {})
}

/// Dumps while `watcher` looks on, and returns what was warned of.
fn dump_saying(
    conninfo: &str,
    jobs: usize,
    path: &Path,
    watcher: impl FnMut(Event) + Send + 'static,
) -> Result<Vec<String>> {
    let (sender, warnings) = channel();
    let dump = Dump::new(conninfo)?
        .jobs(jobs)
        .part_bytes(128 * 1024)
        .archive_version(ArchiveVersion::V1_16)
        .created(CreationTime::default())
        .watch(watcher)
        .watch(move |event| {
            if let Event::Warning(warning) = event {
                let _ = sender.send(warning);
            }
        });
    let report = runtime()
        .block_on(dump.to_file(path))
        .with_context(|| format!("-j {jobs}"))?;
    let warnings: Vec<String> = warnings.into_iter().collect();
    ensure!(report.warnings == warnings, "{:?}", report.warnings);
    Ok(warnings)
}

/// How many snapshots are exported on the server that keeps its files in this folder.
fn stored_snapshots(data_dir: &Path) -> Result<usize> {
    Ok(std::fs::read_dir(data_dir.join("pg_snapshots"))?.count())
}

fn stock(conninfo: &str, path: &Path) -> Result<()> {
    checked_output(
        reference_pg_dump()
            .args(["-Fc", "-d", conninfo, "-f"])
            .arg(path),
    )?;
    Ok(())
}

/// What a failed dump says, and its hint.
fn refusal(dump: Dump) -> Result<(String, String)> {
    let dumped = async {
        tokio::time::timeout(Duration::from_secs(60), dump.to_std_writer(std::io::sink())).await
    };
    let Err(error) = runtime().block_on(dumped).context("the dump hangs")? else {
        bail!("there is a dump");
    };
    let hint = error.hint().unwrap_or_default();
    Ok((format!("{:#}", anyhow::Error::new(error)), hint))
}

/// Waits until somebody reads the table that takes for ever.
fn wait_for_reader(standby: &Server, database: &str) -> Result<()> {
    let limit = Instant::now() + Duration::from_secs(60);
    let mut psql = pgdumprs_testkit::tool(pgdumprs_testkit::Major::REFERENCE, "psql");
    psql.args(["-XAt", "-d", &standby.conninfo(database), "-c"]);
    psql.arg("SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep' AND datname = current_database()");
    while checked_output(&mut psql)?.stdout != b"1\n" {
        ensure!(Instant::now() < limit, "nobody reads the table");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Runtime::new().expect("a runtime starts")
}
