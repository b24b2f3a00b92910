//! A Windows, as wine has it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};
use pgdumprs_testkit::provision::Wine;

use super::round_trip::Program;
use super::source::{HOST, PASSWORD, Source};

/// A Windows with the program, and a password file where libpq has it there.
pub(crate) struct Windows {
    pub(crate) wine: Wine,
    pub(crate) program: PathBuf,
    folder: PathBuf,
    user: String,
    port: String,
    // Removed when the processes above have ended.
    _place: tempfile::TempDir,
}

impl Windows {
    /// Makes one, which takes wine some seconds. There is no program yet.
    pub(crate) fn new(source: &Source) -> Result<Windows> {
        let place = tempfile::tempdir().context("creating a folder for wine")?;
        let wine = Wine::new(&place.path().join("windows"))?;
        let folder = wine.drive().join("backups");
        fs::create_dir(&folder)?;
        let windows = Windows {
            wine,
            program: PathBuf::new(),
            folder,
            user: source.role.clone(),
            port: source.server.port().to_string(),
            _place: place,
        };
        let line = format!("{HOST}:{}:*:{}:{PASSWORD}\r\n", windows.port, windows.user);
        windows.set("pgpass.conf", &line)?;
        Ok(windows)
    }

    /// Writes a file where libpq looks for files of the user.
    pub(crate) fn set(&self, name: &str, text: &str) -> Result<()> {
        let settings = self.profile()?.join("postgresql");
        fs::create_dir_all(&settings)?;
        fs::write(settings.join(name), text).with_context(|| format!("writing {name} for the user"))
    }

    /// Takes a file of this machine for the program.
    pub(crate) fn with_program(mut self, program: PathBuf) -> Windows {
        self.program = program;
        self
    }

    /// Who the user is to Windows.
    pub(crate) fn user(&self) -> Result<String> {
        let profile = self.profile()?;
        let name = profile.ancestors().nth(2).and_then(Path::file_name);
        Ok(name.unwrap_or_default().to_string_lossy().into_owned())
    }

    /// The folder that APPDATA names.
    fn profile(&self) -> Result<PathBuf> {
        let users = self.wine.drive().join("users");
        let profiles = fs::read_dir(&users)?.flatten();
        let mut profiles = profiles.map(|user| user.path().join("AppData/Roaming"));
        profiles
            .find(|profile| profile.is_dir() && !profile.starts_with(users.join("Public")))
            .context("wine made no profile of a user")
    }
}

impl Program for Windows {
    fn command(&self) -> Command {
        let mut command = self.wine.command();
        command
            .arg(&self.program)
            .env("PGPORT", &self.port)
            .env("PGUSER", &self.user)
            .current_dir(&self.folder);
        command
    }

    fn folder(&self) -> &Path {
        &self.folder
    }
}
