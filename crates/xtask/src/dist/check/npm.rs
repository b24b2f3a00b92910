//! The packages for npm, installed from a registry on this machine.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use anyhow::{Context, Result, bail, ensure};
use pgdumprs_testkit::{checked_output, provision};

use super::place::Place;
use super::registry::Registry;
use super::{Checked, ROUND_TRIP};
use crate::dist::facts::Facts;
use crate::dist::npm;
use crate::dist::stage::Staged;
use crate::trial::{HeldTable, Program, Source, round_trip};

/// What npm puts into projects.
const LAUNCHER: &str = "node_modules/.bin/pgdumprs";

/// How long a signal may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A processor that there is no program for, and the launcher on it.
const ELSEWHERE: &str =
    "Object.defineProperty(process, 'arch', { value: 'mips' }); require('pgdumprs/pgdumprs.js')";

pub(super) fn check(
    staged: &Staged,
    facts: &Facts,
    out: &Path,
    source: &Source,
) -> Result<Checked> {
    provision::require_program("npm", "npm")?;
    let registry = Registry::start(facts, out)?;
    let mut place = empty_project(&registry, source)?;
    place.follow("npm", "", source)?;
    ensure_one_program(&place, staged)?;
    place.run_by(&["npx", "pgdumprs"]);
    round_trip(&place, source)?;

    place.run_by(&[&place.path(LAUNCHER)]);
    statuses(&place)?;
    signals(&place, source)?;
    what_it_says_without_a_program(&registry, source)?;
    let package = npm::file_name(&npm::package(facts, staged.target), facts);
    Ok(Checked {
        artefact: out.join(package),
        installed: "`npx pgdumprs`, `npm install pgdumprs` in empty folders".to_owned(),
        did: format!("{ROUND_TRIP}; status, signals and what is said without a program"),
    })
}

/// A folder with nothing in it, where npm knows no registry but this one.
fn empty_project(registry: &Registry, source: &Source) -> Result<Place> {
    let mut place = Place::new(source)?;
    place.set("npm_config_registry", registry.address());
    place.set("npm_config_userconfig", place.path("npmrc"));
    place.set("npm_config_cache", place.path("cache"));
    place.set("npm_config_yes", "true");
    place.set("npm_config_update_notifier", "false");
    place.set("NO_PROXY", "127.0.0.1");
    Ok(place)
}

/// Of all the packages with programs, there is the one for this system, and the program is what was packed.
fn ensure_one_program(place: &Place, staged: &Staged) -> Result<()> {
    let packages = place.folder().join("node_modules/@pgdumprs");
    let names: Vec<_> = fs::read_dir(&packages)
        .context("there is no package with a program")?
        .map(|entry| Ok(entry?.file_name().into_string().unwrap_or_default()))
        .collect::<Result<_>>()?;
    let target = staged.target;
    let expected = format!("{}-{}", target.npm_os, target.npm_cpu);
    ensure!(names == [expected.as_str()], "npm installed {names:?}");
    let told = checked_output(
        place
            .other("node")
            .args(["--print", "require('pgdumprs').programPath()"]),
    )?;
    let program = String::from_utf8(told.stdout)?;
    ensure!(
        fs::read(program.trim_end())? == fs::read(staged.program())?,
        "{} is another program",
        program.trim_end()
    );
    Ok(())
}

/// The launcher ends as the program does.
fn statuses(place: &Place) -> Result<()> {
    for (arguments, status) in [(["--version"].as_slice(), 0), (&["verify", "absent"], 1)] {
        let output = place.command().args(arguments).output()?;
        ensure!(
            output.status.code() == Some(status),
            "pgdumprs {arguments:?} ended with {}",
            output.status
        );
    }
    Ok(())
}

/// A signal to the launcher alone, and one to it and the program at once as terminals send them, end a dump once; and when the program is
/// killed, so is the launcher.
fn signals(place: &Place, source: &Source) -> Result<()> {
    let held = HeldTable::new(source, PATIENCE)?;
    for (signal, status) in [("INT", 130), ("TERM", 143), ("HUP", 129), ("QUIT", 131)] {
        for to_all in [false, true] {
            let dump = waiting_dump(&held, place, source)?;
            let launcher = dump.id();
            let to = if to_all {
                format!("-{launcher}")
            } else {
                launcher.to_string()
            };
            println!("$ kill -{signal} -- {to}");
            checked_output(Command::new("kill").args(["-s", signal, "--", &to]))?;
            let output = ended(dump)?;
            let said = String::from_utf8_lossy(&output.stderr);
            ensure!(
                output.status.code() == Some(status)
                    && said.lines().count() == 1
                    && said.contains(&format!("ended by SIG{signal}")),
                "it ended with {} and said {said:?}",
                output.status
            );
        }
    }
    let dump = waiting_dump(&held, place, source)?;
    let launcher = dump.id().to_string();
    let children = fs::read_to_string(format!("/proc/{launcher}/task/{launcher}/children"))?;
    println!("$ kill -KILL {}", children.trim());
    checked_output(Command::new("kill").args(["-s", "KILL", children.trim()]))?;
    let output = ended(dump)?;
    ensure!(
        output.status.signal() == Some(9),
        "after the program was killed, the launcher ended with {}",
        output.status
    );
    Ok(())
}

/// Starts a dump, in a group of processes of its own, and waits until it waits.
fn waiting_dump(held: &HeldTable, place: &Place, source: &Source) -> Result<Child> {
    held.until_no_dump_waits()?;
    let dump = place
        .command()
        .args(["-d", source.database.name(), "-f", "interrupted.dump"])
        .process_group(0)
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()?;
    held.until_a_dump_waits()?;
    Ok(dump)
}

/// Waits for a process that is about to end.
fn ended(mut process: Child) -> Result<Output> {
    let started = Instant::now();
    while process.try_wait()?.is_none() {
        if started.elapsed() > PATIENCE {
            process.kill()?;
            bail!("waited in vain for its end");
        }
        thread::sleep(Duration::from_millis(20));
    }
    Ok(process.wait_with_output()?)
}

/// Where there is no program, the launcher says what to do.
fn what_it_says_without_a_program(registry: &Registry, source: &Source) -> Result<()> {
    let mut place = empty_project(registry, source)?;
    place.shell("npm install --omit=optional pgdumprs")?;
    place.run_by(&[&place.path(LAUNCHER)]);
    let without = place.command().arg("--version").output()?;
    let elsewhere = place.other("node").args(["--eval", ELSEWHERE]).output()?;
    for (output, expected) in [
        (without, "without --omit=optional"),
        (elsewhere, "there is no program for linux-mips, only for"),
    ] {
        let said = String::from_utf8_lossy(&output.stderr);
        ensure!(
            output.status.code() == Some(1) && said.lines().count() == 1 && said.contains(expected),
            "it ended with {} and said {said:?}",
            output.status
        );
    }
    Ok(())
}
