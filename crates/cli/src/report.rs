//! What a dump came to, for machines.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, SystemTime};

use anyhow::Context;
use pgdumprs::{Report, TableReport};
use serde::Serialize;

/// Where a report goes.
pub(crate) enum ReportSink {
    /// A file, opened before the dump so that nobody waits for hours to hear that it cannot be.
    File(File),
    /// Standard output, where the archive is not there.
    Output,
    /// Standard error.
    Error,
}

impl ReportSink {
    /// The file if there is one, or else standard output if it is free.
    pub(crate) fn open(file: Option<&Path>, output_is_free: bool) -> anyhow::Result<Self> {
        match file {
            Some(path) => File::create(path).map(Self::File).with_context(|| {
                format!("could not create the report's file \"{}\"", path.display())
            }),
            None if output_is_free => Ok(Self::Output),
            None => Ok(Self::Error),
        }
    }

    /// Writes a report as one line of JSON.
    pub(crate) fn write(self, report: &Report) -> anyhow::Result<()> {
        let mut line =
            serde_json::to_vec(&Json::from(report)).context("could not write the report")?;
        line.push(b'\n');
        let written = match self {
            Self::File(mut file) => file.write_all(&line),
            Self::Output => io::stdout().write_all(&line),
            Self::Error => io::stderr().write_all(&line),
        };
        written.context("the archive is complete, but its report could not be written")
    }
}

/// The report's shape, as the help of `--report` describes it. Fields may be added.
#[derive(Serialize)]
struct Json<'a> {
    pgdumprs: &'static str,
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
}

/// When and where in the write-ahead log; null where it is not known.
#[derive(Serialize)]
struct Snapshot {
    lsn: Option<String>,
    time: Option<String>,
}

#[derive(Serialize)]
struct Table {
    name: String,
    rows: u64,
    raw_bytes: u64,
    compressed_bytes: u64,
    seconds: f64,
}

impl<'a> From<&'a Report> for Json<'a> {
    fn from(report: &'a Report) -> Self {
        Self {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            database: report.database.to_string(),
            server_version: report.server_version.to_string(),
            snapshot: Snapshot {
                lsn: report.snapshot_lsn.map(|lsn| lsn.to_string()),
                time: report.snapshot_time.and_then(text),
            },
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

/// Seconds, to the millisecond.
fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1000.0).round() / 1000.0
}
