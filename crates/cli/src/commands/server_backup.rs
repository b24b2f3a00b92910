//! What the commands that look into an archive say of the dump of a whole server.

use std::io::{self, Write};
use std::path::Path;

use anyhow::bail;
use indicatif::HumanCount;
use pgdumprs::archive::Verified;
use pgdumprs::{BackedUpDatabase, ObjectFolder, ServerBackup, ServerBackupError, VerifiedFile};
use serde::Serialize;

use crate::commands::sizes::bytes;
use crate::failure::line;
use crate::message::visible;
use crate::output::{print, print_names};

/// The folder of a store, where a name is that of one, or of an object that has none in it.
pub(crate) fn store(path: &Path) -> anyhow::Result<Option<ObjectFolder>> {
    let name = path
        .to_str()
        .filter(|name| pgdumprs::ObjectPlace::is_one(name));
    Ok(name.map(str::parse).transpose()?)
}

/// The dump of a server, where a name is that of one: a folder with its manifest, or a place in a store that ends with a slash.
pub(crate) fn find(path: &Path) -> anyhow::Result<Option<ServerBackup>> {
    if path.to_str().is_some_and(ObjectFolder::is_one) {
        let folder = store(path)?;
        return Ok(folder.as_ref().map(ServerBackup::in_store).transpose()?);
    }
    match ServerBackup::is_in_folder(path) {
        true => Ok(Some(ServerBackup::in_folder(path)?)),
        false => Ok(None),
    }
}

/// Says of each file whether it is sound; fails where one is not, or a database is missing.
pub(crate) fn verify(backup: &ServerBackup, name: &str) -> anyhow::Result<()> {
    let mut printed = Ok(());
    let files = backup.verify(|file| {
        if printed.is_ok() {
            printed = print(|output| writeln!(output, "{}", visible(&verified(file))));
        }
    });
    printed?;
    let missing: Vec<_> = backup
        .databases()
        .filter(|row| row.file.is_none())
        .collect();
    print(|output| {
        missing
            .iter()
            .try_for_each(|row| writeln!(output, "{}", not_there(row)))
    })?;
    let errors = || files.iter().filter_map(|file| file.error.as_ref());
    let unopened = errors().filter(|error| matches!(error, ServerBackupError::Unopened { .. }));
    let unopened = unopened.count();
    let damaged = errors().count() - unopened;
    let all = files.len();
    if damaged > 0 {
        bail!("{damaged} of {all} files of {name} are not sound");
    }
    if unopened > 0 {
        bail!(
            "{unopened} of {all} files of {name} could not be opened: nobody knows whether they are sound"
        );
    }
    if !missing.is_empty() || !backup.is_complete() {
        let missing: Vec<_> = missing
            .iter()
            .map(|row| format!("\"{}\"", row.name))
            .collect();
        bail!(
            "{name} is no whole dump of a server: databases that are not there: {}",
            missing.join(", ")
        );
    }
    let size = files.iter().map(|file| file.size).sum();
    print(|output| {
        writeln!(
            output,
            "{} is sound: {} files, {}, of a server with PostgreSQL {}",
            visible(name),
            files.len(),
            bytes(size),
            visible(backup.server_version())
        )
    })
}

fn verified(file: &VerifiedFile) -> String {
    let VerifiedFile { name, size, .. } = file;
    match &file.error {
        Some(error) => format!("{name}: {}", line(anyhow::Chain::new(error))),
        None => format!(
            "{name}: sound, {}{}",
            bytes(*size),
            file.archive.as_ref().map(contents).unwrap_or_default()
        ),
    }
}

fn not_there(row: &BackedUpDatabase) -> String {
    let reason = row.error.unwrap_or("it is not said why");
    visible(&format!("{} could not be dumped: {reason}", row.name))
}

fn contents(archive: &Verified) -> String {
    format!(
        ", {} tables with {} rows, {} large objects",
        HumanCount(archive.tables() as u64),
        HumanCount(archive.rows()),
        HumanCount(archive.large_objects())
    )
}

/// Prints the databases, as a table or as JSON.
pub(crate) fn list(backup: &ServerBackup, is_json: bool) -> anyhow::Result<()> {
    if is_json {
        return print(|output| {
            serde_json::to_writer_pretty(&mut *output, &Json::of(backup))?;
            writeln!(output)
        });
    }
    print_names(|output| table(backup, output))
}

fn table(backup: &ServerBackup, output: &mut dyn Write) -> io::Result<()> {
    let whole = match backup.is_complete() {
        true => "whole",
        false => "not whole",
    };
    writeln!(
        output,
        "dump of a server with PostgreSQL {}, from {} to {}, {whole}",
        backup.server_version(),
        backup.started(),
        backup.finished()
    )?;
    let head = [
        "database",
        "file",
        "size",
        "tables",
        "rows",
        "large objects",
    ];
    let mut lines = vec![head.map(String::from)];
    for row in backup.databases() {
        let number = |number: u64| HumanCount(number).to_string();
        let name = visible(row.name);
        lines.push(match row.file {
            Some(file) => [
                name,
                visible(file),
                bytes(row.size),
                number(row.tables),
                number(row.rows),
                number(row.large_objects),
            ],
            None => [
                name,
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
                "-".into(),
            ],
        });
    }
    let width = |column: usize| {
        let cells = lines.iter().map(|line| line[column].chars().count());
        cells.max().unwrap_or(0)
    };
    let widths: [usize; 6] = std::array::from_fn(width);
    for [name, file, rest @ ..] in &lines {
        write!(output, "{name:0$}  {file:1$}", widths[0], widths[1])?;
        for (cell, width) in rest.iter().zip(&widths[2..]) {
            write!(output, "  {cell:>width$}")?;
        }
        writeln!(output)?;
    }
    for row in backup.databases() {
        if row.error.is_some() {
            writeln!(output, "{}", not_there(&row))?;
        }
    }
    for (name, reason) in backup.skipped() {
        writeln!(output, "{} was not dumped: {reason}", visible(name))?;
    }
    Ok(())
}

/// The databases as JSON. The names here are the keys; `docs/whole-servers.md` describes them.
#[derive(Serialize)]
struct Json<'a> {
    server_version: &'a str,
    started: &'a str,
    finished: &'a str,
    complete: bool,
    databases: Vec<Row<'a>>,
    skipped: Vec<Skipped<'a>>,
}

#[derive(Serialize)]
struct Row<'a> {
    database: &'a str,
    file: Option<&'a str>,
    size: u64,
    tables: u64,
    rows: u64,
    large_objects: u64,
    started: &'a str,
    finished: &'a str,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct Skipped<'a> {
    database: &'a str,
    reason: &'a str,
}

impl<'a> Json<'a> {
    fn of(backup: &'a ServerBackup) -> Self {
        let databases = backup.databases().map(|row| Row {
            database: row.name,
            file: row.file,
            size: row.size,
            tables: row.tables,
            rows: row.rows,
            large_objects: row.large_objects,
            started: row.started,
            finished: row.finished,
            error: row.error,
        });
        let skipped = backup.skipped();
        let skipped = skipped.map(|(database, reason)| Skipped { database, reason });
        Json {
            server_version: backup.server_version(),
            started: backup.started(),
            finished: backup.finished(),
            complete: backup.is_complete(),
            databases: databases.collect(),
            skipped: skipped.collect(),
        }
    }
}
