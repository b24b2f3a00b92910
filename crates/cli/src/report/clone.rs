//! The report of a clone.

use anyhow::Chain;
use pgdumprs::{CloneEnd, CloneReport};
use serde::Serialize;

use crate::failure;
use crate::report::dump::Snapshot;
use crate::report::restore::JsonRestore;
use crate::report::seconds;

/// The report's shape, as `docs/clone.md` describes it. Fields may be added.
#[derive(Serialize)]
pub(crate) struct JsonClone<'a> {
    pgdumprs: &'static str,
    end: &'static str,
    source: Source<'a>,
    target: JsonRestore<'a>,
    seconds: f64,
}

/// What was cloned.
#[derive(Serialize)]
struct Source<'a> {
    database: String,
    server_version: String,
    snapshot: Snapshot,
    tries: usize,
    not_proved: Option<String>,
    warnings: &'a [String],
}

impl<'a> From<&'a CloneReport> for JsonClone<'a> {
    fn from(report: &'a CloneReport) -> Self {
        let not_proved = report.source_end.as_ref();
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            end: match report.end() {
                CloneEnd::Complete => "complete",
                CloneEnd::Adapted => "adapted",
                _ => "incomplete",
            },
            source: Source {
                database: report.database.to_string(),
                server_version: report.server_version.to_string(),
                snapshot: Snapshot::new(report.snapshot_lsn, report.snapshot_time),
                tries: report.tries,
                not_proved: not_proved.map(|error| failure::line(Chain::new(error))),
                warnings: &report.warnings,
            },
            target: JsonRestore::from(&report.restore),
            seconds: seconds(report.elapsed),
        }
    }
}
