//! The report of a restore.

use anyhow::Chain;
use pgdumprs::{
    AdaptedEntry, Analysis, Cause, Failure, RestoreEnd, RestorePhase, RestoreReport, TableOutcome,
    Unreached, without_passwords,
};
use serde::Serialize;

use crate::failure;
use crate::report::seconds;

/// The report's shape, as `docs/restore.md` describes it. Fields may be added.
#[derive(Serialize)]
pub(crate) struct JsonRestore<'a> {
    pgdumprs: &'static str,
    end: &'static str,
    database: &'a str,
    server_version: String,
    archive: Archive,
    entries: usize,
    tables: usize,
    rows: u64,
    large_objects: u64,
    seconds: f64,
    phases: Vec<Phase>,
    adaptations: Vec<Adapted>,
    rolled_back: bool,
    stopped: Option<String>,
    causes: Vec<JsonCause>,
    not_executed: Vec<Statement>,
    not_reached: Vec<Entry>,
    table_data: Vec<Table>,
    analysis: Option<JsonAnalysis<'a>>,
    warnings: &'a [String],
}

/// What gathering statistics came to.
#[derive(Serialize)]
struct JsonAnalysis<'a> {
    analyzed: Vec<String>,
    failures: &'a [String],
    seconds: f64,
}

impl<'a> From<&'a Analysis> for JsonAnalysis<'a> {
    fn from(analysis: &'a Analysis) -> Self {
        let analyzed = analysis.analyzed.iter();
        Self {
            analyzed: analyzed.map(ToString::to_string).collect(),
            failures: &analysis.failures,
            seconds: seconds(analysis.elapsed),
        }
    }
}

/// Whose archive it is.
#[derive(Serialize)]
struct Archive {
    server_version: Option<String>,
    dumper_version: Option<String>,
}

#[derive(Serialize)]
struct Phase {
    phase: &'static str,
    seconds: f64,
}

#[derive(Serialize)]
struct Adapted {
    dump_id: i32,
    entry: String,
    adaptations: Vec<String>,
}

#[derive(Serialize)]
struct JsonCause {
    sqlstate: String,
    message: String,
    advice: Option<String>,
    /// Positions in `not_executed`.
    statements: Vec<usize>,
    following: Vec<usize>,
}

#[derive(Serialize)]
struct Statement {
    dump_id: Option<i32>,
    entry: String,
    statement: String,
    sqlstate: String,
    message: String,
    detail: Option<String>,
    hint: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    dump_id: i32,
    entry: String,
}

#[derive(Serialize)]
struct Table {
    dump_id: i32,
    name: String,
    archived: Option<u64>,
    loaded: u64,
}

impl<'a> From<&'a RestoreReport> for JsonRestore<'a> {
    fn from(report: &'a RestoreReport) -> Self {
        let causes = report.causes.iter();
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            end: match report.end() {
                RestoreEnd::Complete => "complete",
                RestoreEnd::Adapted => "adapted",
                _ => "incomplete",
            },
            database: &report.database,
            server_version: report.server_version.to_string(),
            archive: Archive {
                server_version: report.archive_server_version.as_ref().map(text),
                dumper_version: report.archive_dumper_version.as_ref().map(text),
            },
            entries: report.entries,
            tables: report.tables.len(),
            rows: report.tables.iter().map(|table| table.loaded).sum(),
            large_objects: report.large_objects,
            seconds: seconds(report.elapsed),
            phases: report.phases.iter().filter_map(phase).collect(),
            adaptations: report.adaptations.iter().map(Adapted::from).collect(),
            rolled_back: report.rolled_back,
            stopped: report.stopped.as_ref().map(|error| {
                let line = failure::line(Chain::new(error));
                without_passwords(&line).into_owned()
            }),
            causes: causes
                .filter_map(|cause| JsonCause::new(cause, &report.failures))
                .collect(),
            not_executed: report.failures.iter().map(Statement::from).collect(),
            not_reached: report.not_reached.iter().map(Entry::from).collect(),
            table_data: report.tables.iter().map(Table::from).collect(),
            analysis: report.analysis.as_ref().map(JsonAnalysis::from),
            warnings: &report.warnings,
        }
    }
}

impl JsonCause {
    fn new(cause: &Cause, failures: &[Failure]) -> Option<Self> {
        let first = failures.get(*cause.failures.first()?)?;
        Some(JsonCause {
            sqlstate: text(&first.error.code),
            message: text(&first.error.message),
            advice: cause.advice.clone(),
            statements: cause.failures.clone(),
            following: cause.following.clone(),
        })
    }
}

impl From<&AdaptedEntry> for Adapted {
    fn from(entry: &AdaptedEntry) -> Self {
        let adaptations = entry.adaptations.iter();
        Self {
            dump_id: entry.dump_id,
            entry: entry.name.to_string(),
            adaptations: adaptations.map(ToString::to_string).collect(),
        }
    }
}

impl From<&Failure> for Statement {
    fn from(failure: &Failure) -> Self {
        let error = &failure.error;
        Self {
            dump_id: failure.dump_id,
            entry: failure.entry.to_string(),
            statement: text(&failure.statement),
            sqlstate: text(&error.code),
            message: text(&error.message),
            detail: error.detail.as_ref().map(text),
            hint: error.hint.as_ref().map(text),
        }
    }
}

impl From<&Unreached> for Entry {
    fn from(entry: &Unreached) -> Self {
        Self {
            dump_id: entry.dump_id,
            entry: entry.name.to_string(),
        }
    }
}

impl From<&TableOutcome> for Table {
    fn from(table: &TableOutcome) -> Self {
        Self {
            dump_id: table.dump_id,
            name: table.name.to_string(),
            archived: table.archived,
            loaded: table.loaded,
        }
    }
}

fn phase((phase, elapsed): &(RestorePhase, std::time::Duration)) -> Option<Phase> {
    let phase = match phase {
        RestorePhase::Connect => "connect",
        RestorePhase::Plan => "plan",
        RestorePhase::Drop => "drop",
        RestorePhase::PreData => "pre-data",
        RestorePhase::Data => "data",
        RestorePhase::PostData => "post-data",
        RestorePhase::Finish => "finish",
        _ => return None,
    };
    Some(Phase {
        phase,
        seconds: seconds(*elapsed),
    })
}

/// What a server or an archive says, as far as it may be shown.
fn text(bytes: &pgdumprs::BString) -> String {
    without_passwords(&bytes.to_string()).into_owned()
}
