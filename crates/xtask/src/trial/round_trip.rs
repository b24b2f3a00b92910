//! A backup and its restore by a program on trial.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};
use pgdumprs_testkit::{checked_output, tool};

use super::source::Source;
use crate::identical::{first_differences, stock_dump};

/// A program, and how it is run here.
pub(crate) trait Program {
    /// A command that runs it with the connection's parameters, and gets its arguments yet.
    fn command(&self) -> Command;

    /// The folder that it works in.
    fn folder(&self) -> &Path;

    /// Runs it with arguments, and returns what it printed.
    fn run(&self, arguments: &[&str]) -> Result<Vec<u8>> {
        println!("$ pgdumprs {}", arguments.join(" "));
        Ok(checked_output(self.command().args(arguments))?.stdout)
    }
}

/// Has the program make a file, a stream and a folder of the database, looks into them, has it restore them, and compares.
pub(crate) fn round_trip(program: &impl Program, source: &Source) -> Result<()> {
    let database = source.database.name();
    program.run(&["--version"])?;
    program.run(&["-d", database, "-f", "file.dump"])?;
    let stream = program.run(&["-d", database])?;
    fs::write(program.folder().join("stream.dump"), stream).context("writing the stream")?;
    program.run(&["-d", database, "-Fd", "-j2", "-f", "folder"])?;

    let stock_list = |archive: &str| -> Result<Vec<u8>> {
        let mut list = tool(source.server.major(), "pg_restore");
        let archive = program.folder().join(archive);
        let list = checked_output(list.arg("-l").arg(archive))?.stdout;
        Ok(without_comments(&list))
    };
    let expected = stock_list("file.dump")?;
    for archive in ["file.dump", "stream.dump", "folder"] {
        program.run(&["verify", archive])?;
        let list = without_comments(&program.run(&["list", archive])?);
        if list != expected || stock_list(archive)? != expected {
            bail!("{archive} has another list of contents");
        }
        let copy = source.database.empty_sibling()?;
        // Otherwise the server itself may place rows in another order, as it does for stock's pg_restore.
        let restore = ["restore", "-1", "-d", copy.name(), archive];
        program.run(&restore)?;
        let differing = first_differences(&source.dump, &stock_dump(&copy)?);
        if !differing.is_empty() {
            bail!("what was restored from {archive} differs:\n{differing}");
        }
    }
    Ok(())
}

/// The entries of a list.
fn without_comments(list: &[u8]) -> Vec<u8> {
    let lines = list.split_inclusive(|&byte| byte == b'\n');
    lines
        .filter(|line| !line.starts_with(b";"))
        .flatten()
        .copied()
        .collect()
}
