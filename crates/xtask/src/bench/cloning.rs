//! Both sides of a clone, each into an empty database.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};
use pgdumprs_testkit::{Database, provision, reference_pg_dump, reference_pg_restore};

use super::contest::{self, Ground, clean};
use super::measure::{self, Cost};
use super::restoring::content;
use super::scenario::{Cloned, Rival, Scenario};

/// How pgcopydb goes about: over as many connections as ours, in tables too, and without the VACUUM that nobody else makes.
const PGCOPYDB: &[&str] = &[
    "--table-jobs",
    "2",
    "--index-jobs",
    "2",
    "--split-tables-larger-than",
    "64MB",
    "--skip-vacuum",
];

/// Clones `source` by ours or by its rival, and makes sure that all of it is there.
pub(super) fn run(
    ground: &mut Ground,
    scenario: &Scenario,
    cloned: Cloned,
    source: &Database,
    ours: bool,
) -> Result<Cost> {
    if cloned.elsewhere && ground.other.is_none() {
        ground.other = Some(contest::server()?);
    }
    let server = match &ground.other {
        Some(other) if cloned.elsewhere => other,
        _ => &ground.server,
    };
    let target = server.database();
    let from = ground.conninfo(scenario, source);
    let to = ground.conninfo(scenario, &target);
    let state = tempfile::tempdir()?;
    let command = match scenario.rival {
        _ if ours => {
            let mut command = clean(&ground.pgdumprs);
            command.arg("clone").args(scenario.ours);
            command.args(["--source", &from, "--target", &to]);
            command
        }
        Rival::Pgcopydb(_) => pgcopydb(&from, &to, &state.path().join("state"))?,
        _ => piped(&from, &to),
    };
    let mut postmasters = vec![ground.postmaster];
    if cloned.elsewhere {
        postmasters.push(measure::postmaster(server)?);
    }
    let cost = measure::run(&mut [command], None, &postmasters)?;
    let (found, wanted) = (content(&target, false), content(source, false));
    ensure!(
        found == wanted,
        "{}: the copy has not what its source has:\n{found}\nrather than\n{wanted}",
        scenario.name,
    );
    if scenario.far {
        // It has many files.
        ground.kept.push(target);
    } else {
        drop(target);
    }
    // What the next run would have to write back is written now.
    server.database().try_execute_sql("CHECKPOINT")?;
    Ok(cost)
}

/// Stock's programs, one behind the other, the archive not compressed. Either one's failure is the command's.
fn piped(from: &str, to: &str) -> Command {
    let (dump, restore) = (reference_pg_dump(), reference_pg_restore());
    let mut shell = Command::new("bash");
    let line = "set -o pipefail; \"$1\" -Fc -Z0 -d \"$2\" | \"$3\" -d \"$4\"";
    shell.args(["-c", line, "bash"]);
    shell.arg(dump.get_program()).arg(from);
    shell.arg(restore.get_program()).arg(to);
    for (name, value) in dump.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    shell
}

/// pgcopydb, which runs stock's programs for definitions, and keeps in a folder how far it has come.
fn pgcopydb(from: &str, to: &str, state: &Path) -> Result<Command> {
    let dump = reference_pg_dump();
    let mut command = Command::new(provision::pgcopydb()?);
    command.arg("clone").args(PGCOPYDB);
    command.args(["--source", from, "--target", to, "--dir"]);
    command.arg(state);
    let programs = Path::new(dump.get_program()).parent();
    let found = std::env::var_os("PATH").unwrap_or_default();
    let found = std::env::split_paths(&found);
    let path = programs.map(Path::to_owned).into_iter().chain(found);
    command.env("PATH", std::env::join_paths(path)?);
    for (name, value) in dump.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    Ok(command)
}

/// Both command lines, as a reader would type them.
pub(super) fn command_lines(scenario: &Scenario, cloned: Cloned) -> (String, String) {
    let (from, to) = match (scenario.far, cloned.elsewhere) {
        (true, _) => ("\"$FAR\"", "\"$FAR_TARGET\""),
        (false, true) => ("\"$DB\"", "\"$OTHER\""),
        (false, false) => ("\"$DB\"", "\"$TARGET\""),
    };
    (
        format!(
            "pgdumprs clone {} --source {from} --target {to}",
            scenario.ours.join(" ")
        ),
        match scenario.rival {
            Rival::Pgcopydb(_) => format!(
                "pgcopydb clone {} --source {from} --target {to}",
                PGCOPYDB.join(" ")
            ),
            _ => format!("pg_dump -Fc -Z0 -d {from} | pg_restore -d {to}"),
        },
    )
}
