//! An empty folder that a program is installed into.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use pgdumprs_testkit::{Database, checked_output};
use tempfile::TempDir;

use super::instructions;
use crate::identical::{first_differences, stock_dump};
use crate::trial::{Program, Source};

/// The certificate of the authority that vouches for the server.
const AUTHORITY: &str = "authority.pem";

/// A folder, and how the program that is installed there is run.
pub(super) struct Place {
    folder: TempDir,
    environment: Vec<(String, String)>,
    words: Vec<String>,
}

impl Place {
    /// One in which nothing is installed yet, where programs find the source.
    pub(super) fn new(source: &Source) -> Result<Place> {
        let folder = tempfile::tempdir().context("creating a folder to install into")?;
        let authority = folder.path().join(AUTHORITY);
        fs::write(&authority, &source.authority).context("writing a certificate")?;
        let mut place = Place {
            folder,
            environment: Vec::new(),
            words: Vec::new(),
        };
        for (name, value) in source.environment() {
            place.set(name, value);
        }
        place.set("PGSSLROOTCERT", authority.display());
        Ok(place)
    }

    /// Sets a variable for all that runs there.
    pub(super) fn set(&mut self, name: &str, value: impl ToString) {
        self.environment.push((name.to_owned(), value.to_string()));
    }

    /// Lets programs of a folder be found before all others.
    pub(super) fn put_on_search_path(&mut self, folder: impl AsRef<Path>) -> Result<()> {
        let mine = self.environment.iter().rev();
        let mut mine = mine.filter(|(name, _)| name == "PATH");
        let path = match mine.next() {
            Some((_, path)) => path.clone(),
            None => std::env::var("PATH").context("reading PATH")?,
        };
        self.set("PATH", format!("{}:{path}", folder.as_ref().display()));
        Ok(())
    }

    /// Says how the program is run, from now on.
    pub(super) fn run_by(&mut self, words: &[&str]) {
        self.words = words.iter().map(ToString::to_string).collect();
    }

    /// A path in the folder, for variables.
    pub(super) fn path(&self, name: &str) -> String {
        self.folder().join(name).display().to_string()
    }

    /// A command that runs another program there.
    pub(super) fn other(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .current_dir(self.folder())
            .envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    /// Runs a shell's commands there, and returns what they printed.
    pub(super) fn shell(&self, commands: &str) -> Result<Vec<u8>> {
        println!("{}", commands.trim_end());
        Ok(checked_output(self.other("sh").args(["-euc", commands]))?.stdout)
    }

    /// Runs the commands of a section of docs/install.md, which restore what they have dumped, and compares that. What the variables do not say of
    /// the connection is in `parameters`.
    pub(super) fn follow(&self, section: &str, parameters: &str, source: &Source) -> Result<()> {
        let copy = source.database.empty_sibling()?;
        let commands = instructions::commands(section)?;
        let url = |database: &Database| format!("{parameters} dbname={}", database.name());
        let values = format!("URL='{}'\nTARGET='{}'\n", url(&source.database), url(&copy));
        self.shell(&(values + &commands))?;
        let differing = first_differences(&source.dump, &stock_dump(&copy)?);
        if !differing.is_empty() {
            bail!("what was restored by the commands for {section} differs:\n{differing}");
        }
        Ok(())
    }
}

impl Program for Place {
    fn command(&self) -> Command {
        let mut command = self.other(&self.words[0]);
        command.args(&self.words[1..]);
        command
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }
}
