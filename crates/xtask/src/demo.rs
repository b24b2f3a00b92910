//! `cargo xtask demo`: a real database becomes an archive, which stock pg_restore restores, and pgdumprs itself.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use indicatif::HumanCount;
use pgdumprs_testkit::{Database, Major, Server, checked_output, restoring_major, tool};

use crate::build::{build, succeed};
use crate::identical::{first_differences, stock_dump};

/// Back up a sample database with pgdumprs, restore it with stock pg_restore and with pgdumprs, and compare both copies.
///
/// Fetches PostgreSQL where the machine has none, and leaves nothing running.
#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Major version of the server to show it on
    #[arg(long, default_value = "17")]
    major: Major,
}

/// Entries of the archive's table of contents that are shown.
const ENTRIES_SHOWN: usize = 12;

/// What the summary says.
struct Summary {
    entries: usize,
    rows: u64,
    large_objects: u64,
    archive_bytes: u64,
    raw_bytes: u64,
    dump: Duration,
    restore: Duration,
    own_restore: Duration,
}

/// Shows the main job, end to end; an error if a restored database differs in anything.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    title("Setting up");
    let pgdumprs = build()?;
    let server = Server::try_get(arguments.major)?;
    let source = server.database();
    let started = Instant::now();
    source.load_fixture("logistics")?;
    let (tables, rows) = contents(&source)?;
    println!(
        "A PostgreSQL {} server with the sample database fixtures/logistics: {tables} tables, {} rows, made in {}.",
        server.version()?,
        HumanCount(rows),
        seconds(started.elapsed())
    );

    title("Dumping with pgdumprs");
    let folder = tempfile::tempdir().context("creating a folder for the archive")?;
    let archive = folder.path().join("logistics.dump");
    println!("$ pgdumprs -Fc -v -d \"$URL\" -f logistics.dump");
    let started = Instant::now();
    let mut dump = Command::new(&pgdumprs);
    dump.args(["-Fc", "-v", "-d", &source.url(), "-f"])
        .arg(&archive);
    succeed(dump.stdin(Stdio::null()))?;
    let dump_time = started.elapsed();

    title("Looking into the archive with stock pg_restore");
    println!("$ pg_restore -l logistics.dump | head");
    let list = checked_output(pg_restore(&server).arg("-l").arg(&archive))?;
    let list = String::from_utf8_lossy(&list.stdout);
    for line in list
        .lines()
        .take(list.lines().take_while(|l| l.starts_with(';')).count() + ENTRIES_SHOWN)
    {
        println!("{line}");
    }
    println!("...");

    title("Restoring with stock pg_restore");
    let target = server.database();
    println!("$ pg_restore -1 -d \"$TARGET\" logistics.dump");
    let started = Instant::now();
    checked_output(
        pg_restore(&server)
            .args(["-1", "-d", &target.url()])
            .arg(&archive),
    )?;
    let restore_time = started.elapsed();

    title("Restoring with pgdumprs");
    let own_target = server.database();
    println!("$ pgdumprs restore --plan -d \"$OTHER_TARGET\" logistics.dump");
    println!("$ pgdumprs restore -1 -d \"$OTHER_TARGET\" logistics.dump");
    let restoring = |options: &[&str]| {
        let mut restore = Command::new(&pgdumprs);
        restore
            .args(["restore", "-d", &own_target.url()])
            .args(options)
            .arg(&archive);
        succeed(restore.stdin(Stdio::null()))
    };
    restoring(&["--plan"])?;
    let started = Instant::now();
    restoring(&["-1", "--progress"])?;
    let own_restore_time = started.elapsed();

    title("Comparing the databases, each dumped by stock pg_dump");
    let before = stock_dump(&source)?;
    let mut differences = String::new();
    for (name, copy) in [("pg_restore", &target), ("pgdumprs", &own_target)] {
        let differing = first_differences(&before, &stock_dump(copy)?);
        if !differing.is_empty() {
            differences += &format!("restored by {name}:\n{differing}");
        }
    }
    let summary = Summary {
        entries: list.lines().filter(|line| !line.starts_with(';')).count(),
        rows: contents(&target)?.1,
        large_objects: count(&target, "SELECT count(*) FROM pg_largeobject_metadata")?,
        archive_bytes: size(&archive)?,
        raw_bytes: before.len() as u64,
        dump: dump_time,
        restore: restore_time,
        own_restore: own_restore_time,
    };
    summary.print(differences.is_empty());
    if !differences.is_empty() {
        bail!("a restored database differs:\n{differences}");
    }
    Ok(())
}

impl Summary {
    fn print(&self, identical: bool) {
        let verdict = if identical { "identical" } else { "DIFFERENT" };
        let archive = format!(
            "{} (of {} as SQL)",
            megabytes(self.archive_bytes),
            megabytes(self.raw_bytes)
        );
        let number = |number| HumanCount(number).to_string();
        title("Summary");
        for (what, value) in [
            ("objects", number(self.entries as u64)),
            ("rows", number(self.rows)),
            ("large objects", number(self.large_objects)),
            ("archive", archive),
            ("dump by pgdumprs", seconds(self.dump)),
            ("restore by pg_restore", seconds(self.restore)),
            ("restore by pgdumprs", seconds(self.own_restore)),
            ("source and both copies", verdict.to_owned()),
        ] {
            println!("  {what:<30}{value}");
        }
    }
}

fn pg_restore(server: &Server) -> Command {
    tool(restoring_major(server.major()), "pg_restore")
}

/// Number of tables and of rows in all of them.
fn contents(database: &Database) -> Result<(u64, u64)> {
    let tables = "FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                  WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'";
    let rows = format!(
        "SELECT sum((xpath('/row/c/text()', query_to_xml(
                    format('SELECT count(*) AS c FROM ONLY %I.%I', n.nspname, c.relname), false, true, '')))[1]::text::bigint)
         {tables}"
    );
    Ok((
        count(database, &format!("SELECT count(*) {tables}"))?,
        count(database, &rows)?,
    ))
}

fn count(database: &Database, query: &str) -> Result<u64> {
    let answer = database.psql(query);
    answer
        .parse()
        .with_context(|| format!("counting: {answer:?}"))
}

fn size(file: &Path) -> Result<u64> {
    Ok(std::fs::metadata(file)
        .context("looking at the archive")?
        .len())
}

fn title(text: &str) {
    println!("\n== {text}");
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
