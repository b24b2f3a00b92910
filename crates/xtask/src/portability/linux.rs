//! Linux: programs that need no library, in a root file system without any.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::provision;
use tempfile::TempDir;

use super::cross::{self, Build};
use super::round_trip::{self, Program};
use super::source::{HOST, PASSWORD, Source};
use super::title;

/// The processors. Programs for another than this machine's are emulated.
const PROCESSORS: [&str; 2] = ["x86_64", "aarch64"];

/// Where the program is in its root file system, and what emulates its processor.
const PROGRAM: &str = "/pgdumprs";
const EMULATOR: &str = "/emulator";

pub(super) fn run(build: &Build, source: &Source) -> Result<Vec<String>> {
    PROCESSORS
        .iter()
        .map(|processor| run_on(processor, build, source))
        .collect()
}

fn run_on(processor: &str, build: &Build, source: &Source) -> Result<String> {
    let triple = format!("{processor}-unknown-linux-musl");
    title(&triple);
    let program = build.program(&triple)?;
    let size = cross::size(&program)?;
    let is_foreign = processor != std::env::consts::ARCH;
    let emulator = is_foreign
        .then(|| provision::emulator(processor))
        .transpose()?;
    let root = Root::new(&program, emulator.as_deref(), source)?;
    round_trip::run(&root, source)?;
    let how = if is_foreign { ", emulated" } else { "" };
    Ok(format!(
        "{triple}: {size}; alone in its root file system{how}: backed up over TLS, verified, restored, identical"
    ))
}

/// A root file system.
struct Root {
    folder: TempDir,
    is_emulated: bool,
    environment: Vec<(&'static str, String)>,
}

impl Root {
    /// One that holds a program, what emulates its processor if that is needed, and the certificates of the authorities that it trusts.
    fn new(program: &Path, emulator: Option<&Path>, source: &Source) -> Result<Root> {
        let folder = tempfile::tempdir().context("creating a root file system")?;
        let place = |path: &str| -> PathBuf { folder.path().join(&path[1..]) };
        fs::copy(program, place(PROGRAM)).context("copying the program")?;
        if let Some(emulator) = emulator {
            fs::copy(emulator, place(EMULATOR)).context("copying the emulator")?;
        }
        let certificates = place("/etc/ssl/certs");
        fs::create_dir_all(&certificates)?;
        fs::write(certificates.join("ca-certificates.crt"), &source.authority)?;
        Ok(Root {
            folder,
            is_emulated: emulator.is_some(),
            environment: vec![
                ("PGHOST", HOST.to_owned()),
                // There is nothing that knows addresses of names.
                ("PGHOSTADDR", "127.0.0.1".to_owned()),
                ("PGPORT", source.server.port().to_string()),
                ("PGUSER", source.role.clone()),
                ("PGPASSWORD", PASSWORD.to_owned()),
                ("PGSSLMODE", "verify-full".to_owned()),
                ("PGSSLROOTCERT", "system".to_owned()),
            ],
        })
    }
}

impl Program for Root {
    fn command(&self) -> Command {
        let mut command = Command::new("unshare");
        command
            .args(["--map-root-user", "--root"])
            .arg(self.folder.path());
        if self.is_emulated {
            command.arg(EMULATOR);
        }
        command
            .arg(PROGRAM)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}
