//! Runs the host's programs and installs the few that fetching needs.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};

use anyhow::{Context, Result, bail};

/// The user this process acts as. `/proc/self` belongs to it, which saves a system call that std
/// does not offer.
pub(crate) fn effective_uid() -> Result<u32> {
    let owner = fs::metadata("/proc/self").context("reading the owner of /proc/self")?;
    Ok(owner.uid())
}

/// Lets everybody read a folder and what is in it: servers run as another user than root, whose
/// `umask` may be strict.
pub(crate) fn open_to_all(folder: &Path) -> Result<()> {
    run(Command::new("chmod").args(["-R", "a+rX"]).arg(folder))?;
    Ok(())
}

/// Runs a command to its end and returns what it printed.
///
/// # Errors
///
/// When it cannot be started or fails; the message holds the command and the end of its output.
pub(super) fn run(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .with_context(|| format!("cannot run {:?}", command.get_program()))?;
    if !output.status.success() {
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said);
        let last: Vec<_> = said.trim_end().lines().rev().take(12).collect();
        let last: Vec<_> = last.into_iter().rev().collect();
        bail!(
            "`{}` failed ({}): {}",
            command_line(command),
            output.status,
            last.join("\n    ")
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn command_line(command: &Command) -> String {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(OsStr::to_string_lossy)
        .collect();
    words.join(" ")
}

/// Makes sure that a program is on the search path, installing Debian's `package` when it is not.
///
/// # Errors
///
/// When it cannot be installed, which takes root on Debian.
pub fn require_program(program: &str, package: &str) -> Result<()> {
    require(package, || on_search_path(program))
}

/// Makes sure that a file is there, installing `package` when it is not.
pub(super) fn require_file(path: &Path, package: &str) -> Result<()> {
    require(package, || path.exists())
}

/// Makes sure that Python and its package installer are there.
pub(super) fn require_pip() -> Result<()> {
    require("python3-pip", || {
        run(Command::new("python3").args(["-m", "pip", "--version"])).is_ok()
    })
}

/// Installs a package with the host's package manager unless `present` says it is not needed.
pub(super) fn require(package: &str, present: impl Fn() -> bool) -> Result<()> {
    // The package manager admits one process at a time, and the lists are refreshed only once.
    static LISTS_REFRESHED: Mutex<bool> = Mutex::new(false);
    if present() {
        return Ok(());
    }
    let mut refreshed = LISTS_REFRESHED
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if present() {
        return Ok(());
    }
    if effective_uid()? != 0 || !on_search_path("apt-get") {
        bail!("the package {package} is needed: install it, or run this as root on Debian");
    }
    // Another process of ours may be at it: wait for its lock rather than fail.
    let wait = ["-o", "DPkg::Lock::Timeout=300"];
    if !*refreshed {
        run(Command::new("apt-get").args(wait).args(["-q", "update"]))?;
        *refreshed = true;
    }
    run(Command::new("apt-get")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .args(wait)
        .args(["-q", "-y", "--no-install-recommends", "install", package]))?;
    if !present() {
        bail!("the package {package} is installed but does not provide what is needed");
    }
    Ok(())
}

fn on_search_path(program: &str) -> bool {
    search(program).is_some()
}

/// The path of a program on the search path.
pub(super) fn search(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_command_is_quoted_with_its_output() {
        let error = run(Command::new("sh").args(["-c", "echo why >&2; exit 3"])).unwrap_err();
        let text = format!("{error:#}");
        assert!(
            text.contains("exit 3") && text.contains("why") && text.contains("status: 3"),
            "{text}"
        );
    }

    #[test]
    fn a_missing_program_is_named() {
        let error = run(&mut Command::new("pgdumprs-no-such-program")).unwrap_err();
        assert!(format!("{error:#}").contains("pgdumprs-no-such-program"));
    }
}
