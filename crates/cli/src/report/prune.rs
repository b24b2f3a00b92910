//! What became of backups, for machines.

use pgdumprs::{BackupFate, LeftAlone, PruneReport, PrunedBackup};
use serde::Serialize;

/// A removal's report; docs/retention.md has its fields.
#[derive(Serialize)]
pub(crate) struct JsonPrune<'a> {
    pgdumprs: &'static str,
    dry_run: bool,
    backups: Vec<JsonBackup<'a>>,
    left: Vec<JsonLeft<'a>>,
    uploads: &'a [String],
    unfinished: &'a [String],
}

#[derive(Serialize)]
struct JsonBackup<'a> {
    name: &'a str,
    made: &'a str,
    bytes: u64,
    complete: bool,
    problem: Option<&'a str>,
    fate: &'static str,
    reasons: Vec<&'static str>,
    error: Option<&'a str>,
}

#[derive(Serialize)]
struct JsonLeft<'a> {
    name: &'a str,
    reason: &'a str,
}

impl<'a> From<&'a PruneReport> for JsonPrune<'a> {
    fn from(report: &'a PruneReport) -> Self {
        JsonPrune {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            dry_run: report.is_dry_run,
            backups: report.backups.iter().map(JsonBackup::from).collect(),
            left: report.left.iter().map(JsonLeft::from).collect(),
            uploads: &report.uploads,
            unfinished: &report.unfinished,
        }
    }
}

impl<'a> From<&'a PrunedBackup> for JsonBackup<'a> {
    fn from(backup: &'a PrunedBackup) -> Self {
        let (fate, reasons, error) = match &backup.fate {
            BackupFate::Kept(reasons) => ("kept", &reasons[..], None),
            BackupFate::NotRemoved(error) => ("not removed", &[][..], Some(error.as_str())),
            _ => ("removed", &[][..], None),
        };
        JsonBackup {
            name: &backup.name,
            made: &backup.made,
            bytes: backup.bytes,
            complete: backup.problem.is_none(),
            problem: backup.problem.as_deref(),
            fate,
            reasons: reasons.iter().map(|reason| reason.name()).collect(),
            error,
        }
    }
}

impl<'a> From<&'a LeftAlone> for JsonLeft<'a> {
    fn from(left: &'a LeftAlone) -> Self {
        JsonLeft {
            name: &left.name,
            reason: &left.reason,
        }
    }
}
