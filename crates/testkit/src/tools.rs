//! Stock PostgreSQL tools, run without the caller's own connection settings.

use std::ffi::OsStr;
use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

use crate::Major;
use crate::provision::provision;

/// A command for one of a major's stock tools: `psql`, `pg_dump`, `pg_restore`, `pgbench`, ….
///
/// The `PG*` variables of the test process do not reach it, and its messages are not translated.
///
/// # Panics
///
/// When the major cannot be provisioned or has no such tool (14 has none at all), with the reason.
pub fn tool(major: Major, name: &str) -> Command {
    match try_tool(major, name) {
        Ok(command) => command,
        Err(error) => panic!("{name} of PostgreSQL {major}: {error:#}"),
    }
}

/// Like [`tool`], for callers that have a use for the reason.
///
/// # Errors
///
/// When the major cannot be provisioned or has no such tool.
pub fn try_tool(major: Major, name: &str) -> Result<Command> {
    let installation = provision(major)?;
    let Some(bin) = installation.tools_bin() else {
        bail!("no stock tools of PostgreSQL {major} are to be had, only a server");
    };
    let program = bin.join(name);
    if !program.exists() {
        bail!("{} does not exist", program.display());
    }
    let mut command = Command::new(program);
    clean_environment(&mut command);
    Ok(command)
}

/// `pg_dump` of the reference major, whose archives say what is correct.
///
/// # Panics
///
/// Like [`tool`].
pub fn reference_pg_dump() -> Command {
    tool(Major::REFERENCE, "pg_dump")
}

/// `pg_restore` of the reference major.
///
/// # Panics
///
/// Like [`tool`].
pub fn reference_pg_restore() -> Command {
    tool(Major::REFERENCE, "pg_restore")
}

/// The major whose `pg_restore` restores into servers of `server`: the same, or the next newer one
/// where that major's tools are not to be had.
///
/// # Panics
///
/// When no such tool can be provisioned, with the reason.
pub fn restoring_major(server: Major) -> Major {
    for major in Major::ALL.into_iter().filter(|major| *major >= server) {
        match provision(major) {
            Ok(installation) if installation.tools_bin().is_some() => return major,
            Ok(_) => continue,
            Err(error) => panic!("{error:#}"),
        }
    }
    panic!("no pg_restore for PostgreSQL {server}");
}

/// Runs a command with nothing on its standard input.
///
/// # Errors
///
/// When it cannot be started or does not succeed; the message holds its standard error.
pub fn checked_output(command: &mut Command) -> Result<Output> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        let words: Vec<_> = std::iter::once(command.get_program())
            .chain(command.get_args())
            .map(OsStr::to_string_lossy)
            .collect();
        bail!(
            "`{}` failed ({}):\n{}",
            words.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(output)
}

/// Keeps the caller's connection settings and language out of a tool.
pub(crate) fn clean_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command.env("LC_ALL", "C");
    // A password file or service file in the home folder is the caller's as well.
    command.env("PGPASSFILE", "/nonexistent");
    command.env("PGSERVICEFILE", "/nonexistent");
}

/// Gives a script to a command's standard input and waits for its end. What it prints goes nowhere, but for standard error.
pub(crate) fn run_script(command: &mut Command, script: &[u8]) -> Result<Output> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("starting {}", command.get_program().display()))?;
    let mut input = child.stdin.take().context("it has no standard input")?;
    Ok(thread::scope(|scope| {
        // If the command ends early, its status and its own message say so better than a broken pipe would.
        scope.spawn(move || input.write_all(script).ok());
        child.wait_with_output()
    })?)
}
