//! The report of a clone.

use anyhow::Chain;
use pgdumprs::{
    Checksum, CloneEnd, CloneReport, ComparedKind, Comparison, Error, KeptArchive, Verification,
};
use serde::Serialize;

use crate::failure;
use crate::report::dump::{Chosen, Snapshot};
use crate::report::restore::JsonRestore;
use crate::report::seconds;

/// The report's shape, as `docs/clone.md` describes it. Fields may be added.
#[derive(Serialize)]
pub(crate) struct JsonClone<'a> {
    pgdumprs: &'static str,
    end: &'static str,
    source: Source<'a>,
    target: JsonRestore<'a>,
    verification: Option<JsonVerification>,
    archive: Option<JsonArchive>,
    seconds: f64,
}

/// The archive that was kept, or why there is none.
#[derive(Serialize)]
struct JsonArchive {
    file: Option<String>,
    bytes: Option<u64>,
    error: Option<String>,
}

impl From<&Result<KeptArchive, Error>> for JsonArchive {
    fn from(archive: &Result<KeptArchive, Error>) -> Self {
        let kept = archive.as_ref().ok();
        let error = archive.as_ref().err();
        Self {
            file: kept.map(|kept| kept.path.display().to_string()),
            bytes: kept.map(|kept| kept.bytes),
            error: error.map(|error| failure::line(Chain::new(error))),
        }
    }
}

/// What was compared.
#[derive(Serialize)]
struct JsonVerification {
    equal: bool,
    compared: Vec<JsonComparison>,
    failures: Vec<String>,
    seconds: f64,
}

/// Something that was compared: sums are texts, since they are larger than many programs' numbers.
#[derive(Serialize)]
pub(super) struct JsonComparison {
    kind: &'static str,
    name: String,
    equal: Option<bool>,
    source: Option<JsonChecksum>,
    target: Option<JsonChecksum>,
}

#[derive(Serialize)]
struct JsonChecksum {
    count: u64,
    sum: String,
}

impl From<&Verification> for JsonVerification {
    fn from(found: &Verification) -> Self {
        let compared = found.comparisons.iter();
        Self {
            equal: found.is_proved(),
            compared: compared.map(JsonComparison::from).collect(),
            failures: found.failures.clone(),
            seconds: seconds(found.elapsed),
        }
    }
}

impl From<&Comparison> for JsonComparison {
    fn from(comparison: &Comparison) -> Self {
        let checksum = |sum: Option<Checksum>| {
            sum.map(|sum| JsonChecksum {
                count: sum.count,
                sum: sum.sum.to_string(),
            })
        };
        Self {
            kind: match comparison.kind {
                ComparedKind::Table => "table",
                ComparedKind::LargeObjects => "large objects",
                _ => "sequence",
            },
            name: comparison.name.to_string(),
            equal: comparison.is_equal(),
            source: checksum(comparison.source),
            target: checksum(comparison.target),
        }
    }
}

/// What was cloned.
#[derive(Serialize)]
struct Source<'a> {
    database: String,
    server_version: String,
    snapshot: Snapshot,
    tries: usize,
    not_proved: Option<String>,
    chosen_rows: Vec<Chosen>,
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
                chosen_rows: report.chosen_rows.iter().map(Chosen::from).collect(),
                warnings: &report.warnings,
            },
            target: JsonRestore::from(&report.restore),
            verification: report.verification.as_ref().map(JsonVerification::from),
            archive: report.archive.as_ref().map(JsonArchive::from),
            seconds: seconds(report.elapsed),
        }
    }
}
