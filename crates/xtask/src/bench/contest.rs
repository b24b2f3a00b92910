//! Running both sides of a comparison in turn.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use pgdumprs_testkit::{Database, Major, Server, SlowLink, reference_pg_dump, tool};

use super::cloning;
use super::measure::{self, Cost};
use super::restoring::{self, Archives};
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
    /// What is restored.
    pub(super) archives: Archives,
    /// Where restores are durable, once one has been.
    pub(super) durable: Option<Server>,
    /// Where clones go that leave their server, once one has.
    pub(super) other: Option<Server>,
    /// Restored databases of many files, kept to the end: ext4 steps around the inodes of files that were deleted in the last minutes one
    /// by one, so that to drop them would slow down every run after it, ours and stock's by chance.
    pub(super) kept: Vec<Database>,
}

impl Ground {
    /// A server of one's own, and a slow link to it.
    pub(super) fn prepare(pgdumprs: PathBuf) -> Result<Ground> {
        let server = server()?;
        Ok(Ground {
            postmaster: measure::postmaster(&server)?,
            link: SlowLink::open(&server, DELAY)?,
            server,
            pgdumprs,
            folder: tempfile::tempdir().context("creating a folder for output")?,
            archives: Archives::default(),
            durable: None,
            other: None,
            kept: Vec::new(),
        })
    }

    /// Where a run connects to.
    pub(super) fn conninfo(&self, scenario: &Scenario, database: &Database) -> String {
        if scenario.far {
            self.link.conninfo(database.name())
        } else {
            database.conninfo()
        }
    }
}

/// A server of one's own.
pub(super) fn server() -> Result<Server> {
    Server::builder(Major::V17)
        .on_disk()
        // Stock locks every table of a dump, as ours does.
        .setting("max_locks_per_transaction", "1000")
        .setting("shared_buffers", "1GB")
        .setting("max_wal_size", "8GB")
        .start()
}

/// The costs of all runs of a comparison.
pub(super) struct Outcome {
    pub(super) scenario: &'static Scenario,
    pub(super) ours: Vec<Cost>,
    pub(super) theirs: Vec<Cost>,
}

/// Runs both sides in turn, `pairs` times, and shows how it goes.
pub(super) fn run(
    ground: &mut Ground,
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
            let cost = run_side(ground, scenario, database, ours)?;
            match ours {
                true => outcome.ours.push(cost),
                false => outcome.theirs.push(cost),
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

fn run_side(
    ground: &mut Ground,
    scenario: &Scenario,
    database: &Database,
    ours: bool,
) -> Result<Cost> {
    match (&scenario.rival, ours) {
        (Rival::PgRestore(restored), _) => {
            restoring::run(ground, scenario, restored, database, ours)
        }
        (Rival::Pipe(cloned) | Rival::Pgcopydb(cloned), _) => {
            cloning::run(ground, scenario, *cloned, database, ours)
        }
        (Rival::PgDump(_) | Rival::Floor, true) => run_ours(ground, scenario, database),
        (Rival::PgDump(arguments), false) => run_pg_dump(ground, scenario, arguments, database),
        (Rival::Floor, false) => {
            let mut halves = floor(database, &ground.conninfo(scenario, database))?;
            measure::run(&mut halves, None, &[ground.postmaster])
        }
    }
}

fn run_ours(ground: &Ground, scenario: &Scenario, database: &Database) -> Result<Cost> {
    let output = ground.folder.path().join("ours.dump");
    let mut command = clean(&ground.pgdumprs);
    command
        .args(scenario.ours)
        .args(jobs(scenario))
        .args(["-d", &ground.conninfo(scenario, database), "-f"])
        .arg(&output);
    let cost = measure::run(&mut [command], Some(&output), &[ground.postmaster])?;
    measure::remove(&output)?;
    Ok(cost)
}

fn run_pg_dump(
    ground: &Ground,
    scenario: &Scenario,
    arguments: &[&str],
    database: &Database,
) -> Result<Cost> {
    let output = ground.folder.path().join("theirs.dump");
    let mut command = reference_pg_dump();
    command
        .args(arguments)
        .args(["-d", &ground.conninfo(scenario, database), "-f"])
        .arg(&output);
    let cost = measure::run(&mut [command], Some(&output), &[ground.postmaster])?;
    measure::remove(&output)?;
    Ok(cost)
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
    match &scenario.rival {
        Rival::PgRestore(restored) => return restoring::command_lines(scenario, restored),
        Rival::Pipe(cloned) | Rival::Pgcopydb(cloned) => {
            return cloning::command_lines(scenario, *cloned);
        }
        Rival::PgDump(_) | Rival::Floor => {}
    }
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
        Rival::Floor | Rival::PgRestore(_) | Rival::Pipe(_) | Rival::Pgcopydb(_) => {
            "psql -c \"COPY (SELECT * FROM ONLY t WHERE ctid < '(middle,0)') TO STDOUT\" … >/dev/null, twice at once".to_owned()
        }
    };
    (ours, theirs)
}
