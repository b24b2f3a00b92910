//! The report of a dump.

use std::path::Path;
use std::time::SystemTime;

use pgdumprs::{ChosenRows, Lsn, Report, TableReport};
use serde::Serialize;

use crate::report::seconds;

/// The report's shape, as the help of `--report` describes it. Fields may be added.
#[derive(Serialize)]
pub(crate) struct DumpReport<'a> {
    pgdumprs: &'static str,
    file: Option<String>,
    database: String,
    server_version: String,
    snapshot: Snapshot,
    tries: usize,
    entries: usize,
    tables: u64,
    rows: u64,
    large_objects: u64,
    raw_bytes: u64,
    compressed_bytes: u64,
    archive_bytes: u64,
    seconds: f64,
    warnings: &'a [String],
    table_data: Vec<Table>,
    chosen_rows: Vec<Chosen>,
}

/// When and where in the write-ahead log; null where it is not known.
#[derive(Serialize)]
pub(crate) struct Snapshot {
    lsn: Option<String>,
    time: Option<String>,
}

impl Snapshot {
    pub(crate) fn new(lsn: Option<Lsn>, time: Option<SystemTime>) -> Self {
        Self {
            lsn: lsn.map(|lsn| lsn.to_string()),
            time: time.and_then(text),
        }
    }
}

#[derive(Serialize)]
struct Table {
    name: String,
    rows: u64,
    raw_bytes: u64,
    compressed_bytes: u64,
    seconds: f64,
}

/// A table of which not all rows were dumped or cloned.
#[derive(Serialize)]
pub(crate) struct Chosen {
    name: String,
    condition: String,
    rows: Option<u64>,
    estimated_total: Option<u64>,
}

impl From<&ChosenRows> for Chosen {
    fn from(chosen: &ChosenRows) -> Self {
        Self {
            name: chosen.table.to_string(),
            condition: chosen.condition.to_string(),
            rows: chosen.rows,
            estimated_total: chosen.estimated_total,
        }
    }
}

impl<'a> DumpReport<'a> {
    /// The report of a dump into this file.
    pub(crate) fn new(report: &'a Report, file: Option<&Path>) -> Self {
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            file: file.map(|file| file.display().to_string()),
            database: report.database.to_string(),
            server_version: report.server_version.to_string(),
            snapshot: Snapshot::new(report.snapshot_lsn, report.snapshot_time),
            tries: report.tries,
            entries: report.entries,
            tables: report.tables,
            rows: report.rows,
            large_objects: report.large_objects,
            raw_bytes: report.raw_bytes,
            compressed_bytes: report.compressed_bytes,
            archive_bytes: report.archive_bytes,
            seconds: seconds(report.elapsed),
            warnings: &report.warnings,
            table_data: report.table_reports.iter().map(Table::from).collect(),
            chosen_rows: report.chosen_rows.iter().map(Chosen::from).collect(),
        }
    }
}

impl From<&TableReport> for Table {
    fn from(table: &TableReport) -> Self {
        Self {
            name: table.name.to_string(),
            rows: table.rows,
            raw_bytes: table.raw_bytes,
            compressed_bytes: table.compressed_bytes,
            seconds: seconds(table.elapsed),
        }
    }
}

/// As RFC 3339 writes it, in UTC.
fn text(time: SystemTime) -> Option<String> {
    jiff::Timestamp::try_from(time)
        .ok()
        .map(|time| time.to_string())
}
