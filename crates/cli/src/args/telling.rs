//! Options that say what is told of a dump.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::progress::Verbosity;
use crate::report::ReportSink;

#[derive(Debug, Args)]
#[command(next_help_heading = "General options")]
pub(crate) struct TellingArgs {
    /// Say on standard error what is being done
    #[arg(short, long)]
    verbose: bool,

    /// Say nothing on standard error but why a dump failed
    ///
    /// Otherwise there are warnings, those of the server among them, and, on a terminal, a progress bar. The report has the warnings in any
    /// case.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Say how far the dump is: auto, always or never; without WHEN, always
    ///
    /// That is tables, bytes read so far, bytes a second, and the time that is left, which is guessed from what tables take on disk. On a
    /// terminal it is a bar, which is gone when the dump has ended. Elsewhere, as in the log of a job, it is a line every 30 seconds and
    /// one with what the dump came to: always says them, auto says them with -v alone, so that a job that goes well has nothing to
    /// mail.
    #[arg(
        long,
        value_name = "WHEN",
        num_args = 0..=1,
        require_equals = true,
        default_value = "auto",
        default_missing_value = "always",
        conflicts_with = "quiet",
        hide_possible_values = true
    )]
    progress: ProgressWhen,

    /// Print a report for programs when the archive is complete
    ///
    /// It is a line of JSON on standard output or, where the archive goes there, on standard error. Its fields are "pgdumprs" (our version),
    /// "database", "server_version", "snapshot" with "lsn" and "time" (in UTC; null where the server does not tell), "tries" (how often the
    /// catalogs were read: more than once where the database changed meanwhile), "entries", "tables", "rows", "large_objects", "raw_bytes"
    /// (before compression), "compressed_bytes", "archive_bytes", "seconds", "warnings" (a list of texts) and "table_data": a list, in the
    /// archive's order, of objects with "name", "rows", "raw_bytes", "compressed_bytes" and "seconds". Fields may be added. A dump that
    /// fails has no report.
    #[arg(long, value_name = "FORMAT")]
    report: Option<ReportFormat>,

    /// Write the report into this file; requires --report
    #[arg(long, value_name = "FILE", requires = "report")]
    report_file: Option<PathBuf>,
}

/// When it is said how far a dump is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProgressWhen {
    /// On a terminal, and elsewhere with `-v`.
    Auto,
    Always,
    Never,
}

/// Forms of reports.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum ReportFormat {
    Json,
}

impl TellingArgs {
    pub(crate) fn verbosity(&self) -> Verbosity {
        match (self.quiet, self.verbose) {
            (true, _) => Verbosity::Quiet,
            (false, true) => Verbosity::Verbose,
            (false, false) => Verbosity::Normal,
        }
    }

    pub(crate) fn progress(&self) -> ProgressWhen {
        self.progress
    }

    /// Whether a dump that went well ends in a line that says what it came to.
    pub(crate) fn summarizes(&self) -> bool {
        self.verbose || self.progress == ProgressWhen::Always
    }

    /// Where a report goes, if one is wanted. `output_is_free` says whether the archive goes elsewhere than to standard output.
    pub(crate) fn report(&self, output_is_free: bool) -> anyhow::Result<Option<ReportSink>> {
        match self.report {
            Some(ReportFormat::Json) => {
                ReportSink::open(self.report_file.as_deref(), output_is_free).map(Some)
            }
            None => Ok(None),
        }
    }
}
