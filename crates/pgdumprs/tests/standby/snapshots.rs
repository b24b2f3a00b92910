//! Snapshots that are exported on a standby: whoever reads in one may do damage there, unless the server has the fix.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use anyhow::{Context, Result, ensure};
use pgdumprs::{Dump, Event};
use pgdumprs_testkit::{Database, Major, Server, tool};

use crate::{dump_saying, refusal, stored_snapshots};

/// A transaction with so many subtransactions that a standby remembers only the transaction itself, and commits of others behind it.
const BUSY: &str = "
    BEGIN;
    INSERT INTO busy SELECT generate_series(1, 100);
    DO $$ BEGIN
        FOR i IN 1..100 LOOP
            BEGIN INSERT INTO busy VALUES (i); EXCEPTION WHEN division_by_zero THEN NULL; END;
        END LOOP;
    END $$;";

/// Whether the server exports such snapshots with all that belongs to them: then it has the fix.
pub(crate) fn exports_all(primary: &Server, standby: &Server) -> Result<bool> {
    let database = primary.database();
    let busy = begin_busy(&database, primary, standby)?;
    let mut exporter = Session::open(&standby.conninfo(database.name()))?;
    let name =
        exporter.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot();")?;
    let file = standby.data_dir().join("pg_snapshots").join(&name);
    let text = fs::read_to_string(&file).with_context(|| format!("reading {}", file.display()))?;
    ensure!(
        text.contains("\nsof:1\n") && text.contains("\nrec:1"),
        "{text}"
    );
    exporter.end()?;
    busy.end()?;
    Ok(text.contains("\nsxcnt:"))
}

/// While a transaction is under way whose rows a wrong snapshot would mark as rolled back.
pub(crate) fn are_shared_only_where_that_is_safe(
    primary: &Server,
    standby: &Server,
    is_safe: bool,
) -> Result<()> {
    let database = primary.database();
    let busy = begin_busy(&database, primary, standby)?;
    let conninfo = standby.conninfo(database.name());
    let folder = tempfile::tempdir()?;

    let data = standby.data_dir().to_owned();
    let dump = |jobs| -> Result<(usize, Vec<String>)> {
        let data = data.clone();
        let (sender, exported) = std::sync::mpsc::channel();
        let warnings = dump_saying(&conninfo, jobs, &folder.path().join("a"), move |event| {
            if let Event::Planned { .. } = event {
                let _ = sender.send(stored_snapshots(&data));
            }
        })?;
        Ok((exported.recv()??, warnings))
    };
    let (exported, warnings) = dump(4)?;
    if is_safe {
        ensure!(
            exported == 1 && warnings.is_empty(),
            "{exported}: {warnings:?}"
        );
    } else {
        ensure!(
            exported == 0 && warnings.len() == 1,
            "{exported}: {warnings:?}"
        );
        let said = &warnings[0];
        let version = standby.version()?;
        ensure!(
            said.contains("over one connection")
                && said.contains("standby")
                && said.contains(&version)
                && said.contains("the fix"),
            "{said}"
        );
    }
    // One connection needs no snapshot to be exported, and nobody needs to be told of it.
    let (exported, warnings) = dump(1)?;
    ensure!(
        exported == 0 && warnings.is_empty(),
        "{exported}: {warnings:?}"
    );

    from_outside(&conninfo, is_safe)?;

    busy.end()?;
    standby.catch_up_with(primary)?;
    let rows = Session::open(&conninfo)?.ask("SELECT count(*) FROM busy;")?;
    ensure!(rows == "200", "the standby has {rows} rows left");
    Ok(())
}

/// A snapshot that somebody else exported.
fn from_outside(conninfo: &str, is_safe: bool) -> Result<()> {
    let mut exporter = Session::open(conninfo)?;
    let name =
        exporter.ask("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT pg_export_snapshot();")?;
    for jobs in [1, 4] {
        let dump = Dump::new(conninfo)?.jobs(jobs).snapshot(&name);
        if is_safe {
            let dumped = dump.to_std_writer(std::io::sink());
            tokio::runtime::Runtime::new()?.block_on(dumped)?;
        } else {
            let (said, hint) = refusal(dump)?;
            ensure!(
                said.contains("snapshot") && said.contains("standby") && said.contains("the fix"),
                "{said}"
            );
            ensure!(
                hint.contains("--snapshot") && hint.contains("primary"),
                "{hint}"
            );
        }
    }
    exporter.end()
}

/// Begins the transaction, and waits until the standby knows of it.
fn begin_busy(database: &Database, primary: &Server, standby: &Server) -> Result<Session> {
    database.execute_sql(
        "CREATE TABLE busy (a integer);
         CREATE TABLE quiet AS SELECT g AS a, md5(g::text) AS t FROM generate_series(1, 30000) g;",
    );
    let mut busy = Session::open(&database.conninfo())?;
    busy.ask(&format!("{BUSY} SELECT 'begun';"))?;
    // What is committed behind it makes snapshots reach beyond it.
    database.execute_sql("INSERT INTO quiet VALUES (0, 'behind')");
    standby.catch_up_with(primary)?;
    Ok(busy)
}

/// A session that stays open between statements.
struct Session {
    psql: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Session {
    fn open(conninfo: &str) -> Result<Session> {
        let mut psql = tool(Major::REFERENCE, "psql");
        psql.args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", conninfo]);
        psql.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut psql = psql.spawn().context("starting psql")?;
        let input = psql.stdin.take().context("psql has an input")?;
        let output = psql.stdout.take().context("psql has an output")?;
        Ok(Session {
            psql,
            input,
            output: BufReader::new(output),
        })
    }

    /// Runs statements that give one line, and waits for it.
    fn ask(&mut self, statements: &str) -> Result<String> {
        writeln!(self.input, "{statements}")?;
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let line = line.trim_end().to_owned();
        ensure!(!line.is_empty(), "psql says nothing to {statements}");
        Ok(line)
    }

    /// Commits.
    fn end(mut self) -> Result<()> {
        writeln!(self.input, "COMMIT;")?;
        drop(self.input);
        ensure!(self.psql.wait()?.success(), "psql failed");
        Ok(())
    }
}
