//! Running both sides of a comparison in turn.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use pgdumprs_testkit::{Database, Major, Server, SlowLink, reference_pg_dump, tool};

use super::measure::{self, Cost};
use super::scenario::{JOBS, Rival, Scenario};

/// How long a byte is under way on the slow link, in each direction.
const DELAY: Duration = Duration::from_millis(20);

/// Where the runs happen.
pub(super) struct Ground {
    pub(super) server: Server,
    /// Process of the server.
    pub(super) postmaster: u32,
    pub(super) link: SlowLink,
    pub(super) pgdumprs: PathBuf,
    /// A folder for output.
    pub(super) folder: tempfile::TempDir,
}

impl Ground {
    /// A server of one's own, and a slow link to it.
    pub(super) fn prepare(pgdumprs: PathBuf) -> Result<Ground> {
        let server = Server::builder(Major::V17)
            // Stock locks every table of a dump, as ours does.
            .setting("max_locks_per_transaction", "1000")
            .setting("shared_buffers", "1GB")
            .setting("max_wal_size", "8GB")
            .start()?;
        let pid_file = server.data_dir().join("postmaster.pid");
        let pid = std::fs::read_to_string(&pid_file)
            .with_context(|| format!("reading {}", pid_file.display()))?;
        let pid = pid.lines().next().and_then(|line| line.trim().parse().ok());
        Ok(Ground {
            postmaster: pid.context("the server's pid file holds no process id")?,
            link: SlowLink::open(&server, DELAY)?,
            server,
            pgdumprs,
            folder: tempfile::tempdir().context("creating a folder for output")?,
        })
    }

    /// Where a run connects to.
    fn conninfo(&self, scenario: &Scenario, database: &Database) -> String {
        if scenario.far {
            self.link.conninfo(database.name())
        } else {
            database.conninfo()
        }
    }
}

/// The costs of all runs of a comparison.
pub(super) struct Outcome {
    pub(super) scenario: &'static Scenario,
    pub(super) ours: Vec<Cost>,
    pub(super) theirs: Vec<Cost>,
}

/// Runs both sides in turn, `pairs` times, and shows how it goes.
pub(super) fn run(
    ground: &Ground,
    scenario: &'static Scenario,
    database: &Database,
    pairs: usize,
) -> Result<Outcome> {
    println!(
        "\n{} against {}: {}",
        scenario.name,
        scenario.rival_name(),
        scenario.title
    );
    let mut outcome = Outcome {
        scenario,
        ours: Vec::new(),
        theirs: Vec::new(),
    };
    for pair in 0..pairs {
        // Who begins has a disadvantage or an advantage: each has it in turn.
        for ours in [pair % 2 == 0, pair % 2 != 0] {
            if ours {
                outcome.ours.push(run_ours(ground, scenario, database)?);
            } else {
                outcome.theirs.push(run_rival(ground, scenario, database)?);
            }
        }
        let (ours, theirs) = (outcome.ours[pair].wall, outcome.theirs[pair].wall);
        println!(
            "  pair {} of {pairs}: ours {ours:.2} s, {} {theirs:.2} s",
            pair + 1,
            scenario.rival_name()
        );
    }
    Ok(outcome)
}

fn run_ours(ground: &Ground, scenario: &Scenario, database: &Database) -> Result<Cost> {
    let output = ground.folder.path().join("ours.dump");
    let mut command = clean(&ground.pgdumprs);
    command
        .args(scenario.ours)
        .args(jobs(scenario))
        .args(["-d", &ground.conninfo(scenario, database), "-f"])
        .arg(&output);
    let cost = measure::run(&mut [command], Some(&output), ground.postmaster)?;
    measure::remove(&output)?;
    Ok(cost)
}

fn run_rival(ground: &Ground, scenario: &Scenario, database: &Database) -> Result<Cost> {
    let conninfo = ground.conninfo(scenario, database);
    match scenario.rival {
        Rival::PgDump(arguments) => {
            let output = ground.folder.path().join("theirs.dump");
            let mut command = reference_pg_dump();
            command
                .args(arguments)
                .args(["-d", &conninfo, "-f"])
                .arg(&output);
            let cost = measure::run(&mut [command], Some(&output), ground.postmaster)?;
            measure::remove(&output)?;
            Ok(cost)
        }
        Rival::Floor => {
            let mut halves = floor(database, &conninfo)?;
            measure::run(&mut halves, None, ground.postmaster)
        }
    }
}

/// Two psql that read one half of the pages of each table and write it to /dev/null.
fn floor(database: &Database, conninfo: &str) -> Result<[Command; 2]> {
    let tables = database.psql(
        "SELECT oid::regclass, relpages / 2 FROM pg_class
         WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace ORDER BY oid",
    );
    let mut halves = [clean_psql(conninfo), clean_psql(conninfo)];
    for line in tables.lines() {
        let (table, middle) = line.split_once('|').context("listing tables")?;
        for (half, condition) in halves.iter_mut().zip(["<", ">="]) {
            let copy = format!(
                "COPY (SELECT * FROM ONLY {table} WHERE ctid {condition} '({middle},0)') TO STDOUT"
            );
            half.args(["-c", &copy]);
        }
    }
    Ok(halves)
}

fn clean_psql(conninfo: &str) -> Command {
    let mut psql = tool(Major::REFERENCE, "psql");
    psql.args(["-X", "-d", conninfo]).stdout(Stdio::null());
    psql
}

/// A command without the caller's connection settings.
pub(super) fn clean(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
}

/// Ours needs connections only where there is data.
pub(super) fn jobs(scenario: &Scenario) -> &'static [&'static str] {
    if scenario.ours.contains(&"-s") {
        &[]
    } else {
        JOBS
    }
}

/// Both command lines, as a reader would type them.
pub(super) fn command_lines(scenario: &Scenario) -> (String, String) {
    let server = if scenario.far { "\"$FAR\"" } else { "\"$DB\"" };
    let mut ours = String::from("pgdumprs");
    for argument in scenario.ours.iter().chain(jobs(scenario)) {
        let _ = write!(ours, " {argument}");
    }
    let _ = write!(ours, " -d {server} -f out.dump");
    let theirs = match scenario.rival {
        Rival::PgDump(arguments) => {
            format!("pg_dump {} -d {server} -f out.dump", arguments.join(" "))
        }
        Rival::Floor => {
            "psql -c \"COPY (SELECT * FROM ONLY t WHERE ctid < '(middle,0)') TO STDOUT\" … >/dev/null, twice at once".to_owned()
        }
    };
    (ours, theirs)
}
