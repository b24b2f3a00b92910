//! Commands as people type them, run by a shell.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use pgdumprs_testkit::reference_pg_restore;

/// bash in a folder, with our command and stock's tools of the reference major on the search path, behind what is in `first`. None of the
/// caller's own connection settings reaches it.
pub(crate) fn shell(folder: &Path, first: &[&Path], script: &str) -> Command {
    let mut command = Command::new("bash");
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("PG") {
            command.env_remove(name);
        }
    }
    command
        .args(["--norc", "-c", script])
        .current_dir(folder)
        .env("PATH", search_path(first))
        .env("HOME", folder)
        .env("PGPASSFILE", folder.join("no-such-file"))
        .stdin(Stdio::null());
    command
}

fn search_path(first: &[&Path]) -> OsString {
    let folder = |program: &Path| program.parent().map(Path::to_owned).unwrap_or_default();
    let mut folders: Vec<PathBuf> = first.iter().map(|&folder| folder.to_owned()).collect();
    folders.push(folder(Path::new(env!("CARGO_BIN_EXE_pgdumprs"))));
    folders.push(folder(Path::new(reference_pg_restore().get_program())));
    folders.extend(env::split_paths(&env::var_os("PATH").unwrap_or_default()));
    env::join_paths(folders).expect("no folder here has a colon in its name")
}
