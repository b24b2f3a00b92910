//! A root file system without anything that a program does not bring along.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::provision;
use tempfile::TempDir;

use super::round_trip::Program;
use super::source::Source;

/// Where the program is, unless something else is said, and what emulates its processor.
const PROGRAM: &str = "/pgdumprs";
const EMULATOR: &str = "/emulator";

/// A root file system, and the program that runs in it.
pub(crate) struct Root {
    folder: TempDir,
    program: String,
    is_emulated: bool,
    environment: Vec<(&'static str, String)>,
}

impl Root {
    /// One that holds the certificate of the authority that vouches for the source, where systems have such, and nothing else.
    pub(crate) fn new(source: &Source) -> Result<Root> {
        let folder = tempfile::tempdir().context("creating a root file system")?;
        let certificates = folder.path().join("etc/ssl/certs");
        fs::create_dir_all(&certificates)?;
        fs::write(certificates.join("ca-certificates.crt"), &source.authority)?;
        let mut environment = source.environment();
        // There is nothing that knows addresses of names.
        environment.push(("PGHOSTADDR", "127.0.0.1".to_owned()));
        environment.push(("PGSSLROOTCERT", "system".to_owned()));
        Ok(Root {
            folder,
            program: PROGRAM.to_owned(),
            is_emulated: false,
            environment,
        })
    }

    /// Copies a program into it, as what runs.
    pub(crate) fn hold(&self, program: &Path) -> Result<()> {
        fs::copy(program, self.place(&self.program)).context("copying the program")?;
        Ok(())
    }

    /// Takes the file at `path`, as the root file system sees it, for the program.
    pub(crate) fn with_program(mut self, path: &str) -> Root {
        path.clone_into(&mut self.program);
        self
    }

    /// Emulates a processor, such as `aarch64`, if this machine has another.
    ///
    /// # Errors
    ///
    /// When there is no emulator and none can be fetched.
    pub(crate) fn on_processor(mut self, processor: &str) -> Result<Root> {
        if processor != std::env::consts::ARCH {
            let emulator = provision::emulator(processor)?;
            fs::copy(emulator, self.place(EMULATOR)).context("copying the emulator")?;
            self.is_emulated = true;
        }
        Ok(self)
    }

    /// Whether its processor is emulated.
    pub(crate) fn is_emulated(&self) -> bool {
        self.is_emulated
    }

    /// Where this machine has what is at a path in it.
    pub(crate) fn place(&self, path: &str) -> PathBuf {
        self.folder.path().join(path.trim_start_matches('/'))
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
            .arg(&self.program)
            .env_clear()
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}
