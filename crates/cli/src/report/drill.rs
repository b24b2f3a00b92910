//! The record of a drill.

use pgdumprs::{Assertion, DrillDatabase, DrillReport, created_text};
use serde::Serialize;

use crate::report::clone::JsonComparison;
use crate::report::restore::JsonRestore;
use crate::report::seconds;

/// The record's shape, as `docs/drill.md` describes it. Fields may be added.
#[derive(Serialize)]
pub(crate) struct JsonDrill<'a> {
    pgdumprs: &'static str,
    holds: bool,
    archive: Archive<'a>,
    server_version: String,
    database: &'a str,
    database_is: &'static str,
    begun: String,
    database_adaptations: &'a [String],
    restore: Option<JsonRestore<'a>>,
    compared: Vec<JsonComparison>,
    assertions: Vec<JsonAssertion<'a>>,
    failures: &'a [String],
    phases: Vec<Phase>,
    seconds: f64,
}

#[derive(Serialize)]
struct Archive<'a> {
    file: String,
    bytes: u64,
    sha256: &'a str,
    made: String,
    database: Option<String>,
    server_version: Option<String>,
    dumper_version: Option<String>,
    tables: usize,
    rows: u64,
    large_objects: u64,
}

#[derive(Serialize)]
struct JsonAssertion<'a> {
    line: usize,
    statement: &'a str,
    failure: Option<&'a str>,
}

#[derive(Serialize)]
struct Phase {
    phase: &'static str,
    seconds: f64,
}

impl<'a> From<&'a Assertion> for JsonAssertion<'a> {
    fn from(assertion: &'a Assertion) -> Self {
        Self {
            line: assertion.line,
            statement: &assertion.statement,
            failure: assertion.failure.as_deref(),
        }
    }
}

impl<'a> From<&'a DrillReport> for JsonDrill<'a> {
    fn from(report: &'a DrillReport) -> Self {
        let archive = &report.archive;
        let text = |text: &Option<pgdumprs::BString>| text.as_ref().map(ToString::to_string);
        let phases = report.phases.iter();
        let begun = jiff::Timestamp::try_from(report.begun);
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            holds: report.holds(),
            archive: Archive {
                file: archive.path.display().to_string(),
                bytes: archive.bytes,
                sha256: &archive.sha256,
                made: created_text(archive.created),
                database: text(&archive.database),
                server_version: text(&archive.server_version),
                dumper_version: text(&archive.dumper_version),
                tables: archive.tables,
                rows: archive.rows,
                large_objects: archive.large_objects,
            },
            server_version: report.server_version.to_string(),
            database: &report.database,
            database_is: match report.fate {
                DrillDatabase::Dropped => "dropped",
                DrillDatabase::Kept => "kept",
                _ => "left",
            },
            begun: begun.map_or(String::new(), |time| time.to_string()),
            database_adaptations: &report.database_adaptations,
            restore: report.restore.as_ref().map(JsonRestore::from),
            compared: report
                .comparisons
                .iter()
                .map(JsonComparison::from)
                .collect(),
            assertions: report.assertions.iter().map(JsonAssertion::from).collect(),
            failures: &report.failures,
            phases: phases
                .map(|(phase, elapsed)| Phase {
                    phase: phase.name(),
                    seconds: seconds(*elapsed),
                })
                .collect(),
            seconds: seconds(report.elapsed),
        }
    }
}
