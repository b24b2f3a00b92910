//! Makes programs that were unpacked anywhere run with the libraries they came with.

use std::fs;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::host;

/// Lets everybody run the files of a folder: servers run as another user than the one who fetched.
pub(super) fn make_executable(folder: &Path) -> Result<()> {
    files(folder)?
        .iter()
        .try_for_each(|file| make_program(file))
}

/// Lets everybody run a file.
pub(super) fn make_program(file: &Path) -> Result<()> {
    fs::set_permissions(file, fs::Permissions::from_mode(0o755))
        .with_context(|| format!("making {} executable", file.display()))
}

/// Writes a library search path, and a dynamic loader if given, into every program of a folder.
///
/// The search path is of the old kind (`DT_RPATH`), which also holds for the libraries' libraries
/// and for modules that a server loads later.
pub(super) fn set_search_path(bin: &Path, loader: Option<&Path>, search_path: &str) -> Result<()> {
    for file in files(bin)? {
        if !is_program(&file)? {
            continue;
        }
        let mut command = Command::new("patchelf");
        if let Some(loader) = loader {
            command.arg("--set-interpreter").arg(loader);
        }
        command
            .args(["--force-rpath", "--set-rpath", search_path])
            .arg(&file);
        host::run(&mut command)?;
    }
    Ok(())
}

/// Takes the search path out of a library whose name begins in a way.
pub(super) fn remove_search_path(folder: &Path, name: &str) -> Result<()> {
    for file in files(folder)? {
        let found = file.file_name().and_then(|found| found.to_str());
        if found.is_some_and(|found| found.starts_with(name)) {
            host::run(Command::new("patchelf").arg("--remove-rpath").arg(&file))?;
        }
    }
    Ok(())
}

/// Whether a file is in the executable format, as opposed to a script.
fn is_program(path: &Path) -> Result<bool> {
    let mut start = [0; 4];
    let mut file = fs::File::open(path).with_context(|| format!("opening {}", path.display()))?;
    Ok(file.read_exact(&mut start).is_ok() && &start == b"\x7fELF")
}

/// The regular files of a folder; symbolic links only name a file that is listed itself.
fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| format!("listing {}", folder.display()))? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scripts_and_empty_files_are_no_programs() {
        let dir = tempfile::tempdir().unwrap();
        let script = dir.path().join("script");
        fs::write(&script, "#!/bin/sh\n").unwrap();
        let empty = dir.path().join("empty");
        fs::write(&empty, "").unwrap();
        assert!(!is_program(&script).unwrap());
        assert!(!is_program(&empty).unwrap());
        assert!(is_program(&std::env::current_exe().unwrap()).unwrap());
    }
}
