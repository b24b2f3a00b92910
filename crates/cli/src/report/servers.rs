//! The reports of a whole server's dump and restore. `docs/whole-servers.md` describes their shapes, in which fields may be added.

use std::path::Path;

use anyhow::Chain;
use pgdumprs::{BString, ServerReport, ServerRestoreEnd, ServerRestoreReport};
use serde::Serialize;

use crate::failure;
use crate::report::dump::DumpReport;
use crate::report::restore::JsonRestore;
use crate::report::seconds;

/// What a dump came to.
#[derive(Serialize)]
pub(crate) struct JsonServerDump<'a> {
    pgdumprs: &'static str,
    server_version: String,
    complete: bool,
    seconds: f64,
    warnings: &'a [String],
    databases: Vec<Database<DumpReport<'a>>>,
}

/// What a restore came to.
#[derive(Serialize)]
pub(crate) struct JsonServerRestore<'a> {
    pgdumprs: &'static str,
    end: &'static str,
    server_version: String,
    seconds: f64,
    globals: Globals,
    databases: Vec<Database<JsonRestore<'a>>>,
}

/// A database, with the report of its own dump or restore.
#[derive(Serialize)]
struct Database<R> {
    database: String,
    file: Option<String>,
    error: Option<String>,
    report: Option<R>,
    not_restored: Vec<String>,
}

/// What became of what belongs to no database.
#[derive(Serialize)]
struct Globals {
    done: usize,
    there: usize,
    different: Vec<String>,
    more: Vec<String>,
    uncompared: Vec<String>,
    failures: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    statement: String,
    reason: String,
    sqlstate: Option<String>,
}

impl<'a> From<&'a ServerReport> for JsonServerDump<'a> {
    fn from(report: &'a ServerReport) -> Self {
        let databases = report.databases.iter().map(|row| {
            let error = row.outcome.as_ref().err();
            Database {
                database: row.database.to_string(),
                file: error.is_none().then(|| row.file.clone()),
                error: error.map(|error| failure::line(Chain::new(error))),
                report: row
                    .outcome
                    .as_ref()
                    .ok()
                    .map(|report| DumpReport::new(report, Some(Path::new(&row.file)))),
                not_restored: Vec::new(),
            }
        });
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            server_version: report.server_version.to_string(),
            complete: report.failed().next().is_none(),
            seconds: seconds(report.elapsed),
            warnings: &report.warnings,
            databases: databases.collect(),
        }
    }
}

impl<'a> From<&'a ServerRestoreReport> for JsonServerRestore<'a> {
    fn from(report: &'a ServerRestoreReport) -> Self {
        let databases = report.databases.iter().map(|row| {
            let error = row.outcome.as_ref().err();
            Database {
                database: row.database.clone(),
                file: None,
                error: error.map(|error| failure::line(Chain::new(error))),
                report: row.outcome.as_ref().ok().map(JsonRestore::from),
                not_restored: texts(&row.not_restored),
            }
        });
        let globals = &report.globals;
        let failures = globals.failures.iter().map(|failure| Refused {
            statement: failure.statement.to_string(),
            reason: failure.reason.clone(),
            sqlstate: failure.sqlstate.clone(),
        });
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            end: match report.end() {
                ServerRestoreEnd::Complete => "complete",
                ServerRestoreEnd::Adapted => "adapted",
                _ => "incomplete",
            },
            server_version: report.server_version.to_string(),
            seconds: seconds(report.elapsed),
            globals: Globals {
                done: globals.done,
                there: globals.there,
                different: texts(&globals.different),
                more: texts(&globals.more),
                uncompared: texts(&globals.uncompared),
                failures: failures.collect(),
            },
            databases: databases.collect(),
        }
    }
}

fn texts(texts: &[BString]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}
