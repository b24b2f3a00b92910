//! Options that say what is told of a clone.

use std::path::PathBuf;

use clap::Args;

use crate::args::telling::{ProgressWhen, ReportFormat};
use crate::progress::Verbosity;
use crate::report::ReportSink;

#[derive(Debug, Args)]
#[command(next_help_heading = "General options")]
pub(crate) struct TellingArgs {
    /// Say what is being done
    #[arg(short, long)]
    verbose: bool,

    /// Say nothing on standard error but why a clone is not complete
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Say how far the clone is: auto, always or never; without WHEN, always
    ///
    /// That is entries and tables, bytes that were sent, bytes a second, and a guess at the time that is left. On a terminal it is a bar, which
    /// is gone at the end; elsewhere it is a line every 30 seconds, by auto with -v alone.
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

    /// Print a report for programs when the clone has ended, complete or not
    ///
    /// It is a line of JSON on standard output. With --plan, and where a clone is refused before it changes anything, it is the plan.
    /// docs/clone.md has its fields.
    #[arg(long, value_name = "FORMAT")]
    report: Option<ReportFormat>,

    /// Write the report into this file; requires --report
    #[arg(long, value_name = "FILE", requires = "report")]
    report_file: Option<PathBuf>,
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

    /// Whether a clone that went well ends in a line that says what it came to.
    pub(crate) fn summarizes(&self) -> bool {
        self.verbose || self.progress == ProgressWhen::Always
    }

    /// Where a report goes, if one is wanted.
    pub(crate) fn report(&self) -> anyhow::Result<Option<ReportSink>> {
        match self.report {
            Some(ReportFormat::Json) => {
                ReportSink::open(self.report_file.as_deref(), true).map(Some)
            }
            None => Ok(None),
        }
    }
}
