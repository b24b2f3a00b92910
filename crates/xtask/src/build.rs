//! Building the command as users get it, and running cargo.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

/// The package of the command.
pub(crate) const PACKAGE: &str = "pgdumprs-cli";

/// The workspace's folder.
pub(crate) fn workspace() -> PathBuf {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask.ancestors().nth(2).unwrap_or(xtask).to_owned()
}

/// Builds pgdumprs in release and returns its path.
pub(crate) fn build() -> Result<PathBuf> {
    println!("Building pgdumprs.");
    succeed(&mut cargo(&[
        "build",
        "--release",
        "--quiet",
        "--locked",
        "--package",
        PACKAGE,
    ]))?;
    Ok(target().join("release/pgdumprs"))
}

/// Builds pgdumprs for a target by the caller's own cargo, and returns its path.
pub(crate) fn build_for(triple: &str, is_debug: bool) -> Result<PathBuf> {
    let mut build = cargo(&["build", "--quiet", "--locked", "--package", PACKAGE]);
    build.args(["--target", triple, "--profile", profile(is_debug)]);
    succeed(&mut build)?;
    let folder = target().join(triple).join(profile_folder(is_debug));
    Ok(folder.join("pgdumprs"))
}

/// The profile of what users get, or of what tests get.
pub(crate) fn profile(is_debug: bool) -> &'static str {
    if is_debug { "dev" } else { "packed" }
}

/// The folder of what is built by [`profile`], within the one of its target.
pub(crate) fn profile_folder(is_debug: bool) -> &'static str {
    if is_debug { "debug" } else { "packed" }
}

/// The caller's own cargo, in the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or("cargo".into()));
    command.args(arguments).current_dir(workspace());
    // What cargo has told this program of its package would have build scripts run anew, and all that depends on them.
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_MANIFEST_", "CARGO_PKG_"]
            .iter()
            .any(|start| text.starts_with(start))
        {
            command.env_remove(name);
        }
    }
    command
}

/// The folder of what is built.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace().join("target"), Into::into)
}

/// Runs a command whose output is for the user.
pub(crate) fn succeed(command: &mut Command) -> Result<()> {
    let status = command.status();
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(OsStr::to_string_lossy).collect();
    let line = words.join(" ");
    let status = status.with_context(|| format!("`{line}` could not be started"))?;
    if !status.success() {
        bail!("`{line}` ended with {status}");
    }
    Ok(())
}
