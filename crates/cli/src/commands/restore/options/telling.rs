//! Options that say what is told of a restore.

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;

use crate::args::telling::{ProgressWhen, ReportFormat};
use crate::progress::Verbosity;
use crate::report::ReportSink;

#[derive(Debug, Args)]
#[command(next_help_heading = "General options")]
pub(crate) struct TellingArgs {
    /// Say what is restored; write what entries depend on into scripts and lists, as comments
    #[arg(short, long)]
    pub(crate) verbose: bool,

    /// Say nothing on standard error but why a restore is not complete
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Say how far the restore is: auto, always or never; without WHEN, always
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

    /// Print a report for programs when the restore has ended, complete or not
    ///
    /// It is a line of JSON on standard output: each statement that was refused, each table with its rows in the archive and those loaded,
    /// what was not reached, and why. With --plan, and where a restore is refused before it changes anything, it is the plan. docs/restore.md
    /// has its fields.
    #[arg(long, value_name = "FORMAT")]
    report: Option<ReportFormat>,

    /// Write the report into this file; requires --report
    #[arg(long, value_name = "FILE", requires = "report")]
    report_file: Option<PathBuf>,
}

impl TellingArgs {
    /// Checks that the options go together. `has_database` says whether there is a restore to report of.
    pub(crate) fn check(&self, has_database: bool) -> anyhow::Result<()> {
        if self.report.is_some() && !has_database {
            bail!("option --report requires option -d/--dbname");
        }
        Ok(())
    }

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

    /// Whether a restore that went well ends in a line that says what it came to.
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
