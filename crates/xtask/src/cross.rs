//! Building for another system.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::{checked_output, provision};
use serde_json::{Deserializer, Value};

use crate::build::{PACKAGE, profile, profile_folder, succeed, target, workspace};

/// Debian's compiler has no start files for programs without libraries; the linker has its own, for programs that stay where they are linked to.
const WITHOUT_LIBRARIES: &str =
    "-Clink-self-contained=no -Ctarget-feature=+crt-static -Crelocation-model=static";

/// What programs call the folders of the machine that builds them: the workspace's, that of cargo, and the cache with the standard library.
const NAMES: [&str; 3] = ["pgdumprs", "cargo", "rust"];

/// An archive of no object files.
const EMPTY_LIBRARY: &str = "!<arch>\n";

/// How the command is built.
pub(crate) struct Build {
    /// Apart from what the machine's own toolchain builds.
    folder: PathBuf,
    is_debug: bool,
}

impl Build {
    /// As users get it, or as for tests.
    pub(crate) fn new(is_debug: bool) -> Build {
        Build {
            folder: target().join("cross"),
            is_debug,
        }
    }

    /// Builds it for a target, such as `x86_64-unknown-linux-musl`, and returns its path.
    pub(crate) fn program(&self, triple: &str) -> Result<PathBuf> {
        let mut cargo = self.cargo("zigbuild", triple)?;
        cargo.args(["--profile", profile(self.is_debug)]);
        succeed(&mut cargo)?;
        let name = if triple.contains("windows") {
            "pgdumprs.exe"
        } else {
            "pgdumprs"
        };
        Ok(self
            .folder
            .join(triple)
            .join(profile_folder(self.is_debug))
            .join(name))
    }

    /// Compiles it for a target as far as that goes without linking it.
    pub(crate) fn check(&self, triple: &str) -> Result<()> {
        succeed(&mut self.cargo("check", triple)?)
    }

    /// Builds the unit tests of packages for a target, and returns their programs.
    pub(crate) fn unit_tests(&self, triple: &str, packages: &[&str]) -> Result<Vec<PathBuf>> {
        let mut cargo = self.cargo("test", triple)?;
        cargo.args(["--no-run", "--lib", "--bins"]);
        cargo.args(["--message-format", "json-render-diagnostics"]);
        for package in packages {
            cargo.args(["--package", package]);
        }
        let output = checked_output(&mut cargo)?;
        let mut programs = Vec::new();
        for message in Deserializer::from_slice(&output.stdout).into_iter::<Value>() {
            let message = message.context("reading what cargo has built")?;
            if message["profile"]["test"] == true {
                programs.extend(message["executable"].as_str().map(PathBuf::from));
            }
        }
        Ok(programs)
    }

    fn cargo(&self, task: &str, triple: &str) -> Result<Command> {
        let folder = &self.folder;
        let libraries = folder.join("libraries");
        fs::create_dir_all(&libraries)?;
        // Debian's compiler names it for Windows, and nothing of it is used.
        fs::write(libraries.join("libssp_nonshared.a"), EMPTY_LIBRARY)?;
        let mut flags = remapped()?;
        if triple.contains("windows") {
            flags.push(format!("-Lnative={}", libraries.display()));
        } else if triple.contains("musl") {
            flags.push(WITHOUT_LIBRARIES.to_owned());
        }
        let variable = triple.replace('-', "_").to_uppercase();
        let mut cargo = provision::cross_cargo()?;
        cargo
            .args([task, "--locked", "--quiet", "-Zbuild-std"])
            .args(["--package", PACKAGE, "--target", triple])
            .current_dir(workspace())
            .env("CARGO_TARGET_DIR", folder)
            .env("XDG_CACHE_HOME", folder.join("cache"))
            .env(
                format!("CARGO_TARGET_{variable}_RUSTFLAGS"),
                flags.join(" "),
            );
        Ok(cargo)
    }
}

/// What keeps paths of this machine out of the program, so that it tells nobody of it and is the same wherever it is built.
fn remapped() -> Result<Vec<String>> {
    let cargo = match std::env::var_os("CARGO_HOME") {
        Some(folder) => PathBuf::from(folder),
        None => PathBuf::from(std::env::var_os("HOME").context("HOME is not set")?).join(".cargo"),
    };
    let folders = [workspace(), cargo, provision::cache_dir()?];
    let flags = folders.iter().zip(NAMES);
    let flags =
        flags.map(|(folder, name)| format!("--remap-path-prefix={}=/{name}", folder.display()));
    Ok(flags.collect())
}

/// How large a program is, for people.
pub(crate) fn size(program: &Path) -> Result<String> {
    let bytes = fs::metadata(program)
        .with_context(|| format!("looking at {}", program.display()))?
        .len();
    Ok(format!("{:.1} MB", bytes as f64 / 1e6))
}
