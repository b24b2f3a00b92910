//! Options that say what is told of a dump, a restore or a clone.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Arg, Args, ValueEnum};

use crate::progress::Verbosity;
use crate::report::ReportSink;

/// A command says by [`reports`] what its report has.
#[derive(Debug, Args)]
#[command(next_help_heading = "General options")]
pub(crate) struct TellingArgs {
    /// Say on standard error what is being done
    #[arg(short, long)]
    verbose: bool,

    /// Say nothing on standard error but what failed
    ///
    /// Otherwise there are warnings, those of the server among them, and, on a terminal, a progress bar. The report has the warnings in any
    /// case.
    #[arg(short, long, conflicts_with = "verbose")]
    quiet: bool,

    /// Say how far it is: auto, always or never; without WHEN, always
    ///
    /// That is what is done, bytes, bytes a second, and a guess at the time that is left. On a terminal it is a bar, which is gone at the end.
    /// Elsewhere, as in the log of a job, it is a line every 30 seconds and one with what it came to: always says them, auto says
    /// them with -v alone, so that a job that goes well has nothing to mail.
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

    #[command(flatten)]
    report: ReportArgs,
}

/// A command says by [`reports`] what its report has.
#[derive(Debug, Args)]
#[command(next_help_heading = "General options")]
pub(crate) struct ReportArgs {
    /// Print a report for programs at the end
    #[arg(long, value_name = "FORMAT")]
    report: Option<ReportFormat>,

    /// Write the report into this file; requires --report
    #[arg(long, value_name = "FILE", requires = "report")]
    report_file: Option<PathBuf>,
}

/// When it is said how far a command is.
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

/// Gives `--report`, among a command's arguments, the words that tell of that command's report.
pub(crate) fn reports(words: &'static str) -> impl FnMut(Arg) -> Arg {
    move |arg| match arg.get_id().as_str() {
        "report" => arg.long_help(words),
        _ => arg,
    }
}

impl ReportArgs {
    /// Where a report goes, if one is wanted. `output_is_free` says whether nothing else goes to standard output.
    pub(crate) fn sink(&self, output_is_free: bool) -> anyhow::Result<Option<ReportSink>> {
        match self.report {
            Some(ReportFormat::Json) => {
                ReportSink::open(self.report_file.as_deref(), output_is_free).map(Some)
            }
            None => Ok(None),
        }
    }
}

impl TellingArgs {
    /// Checks that the options go together. `has_database` says whether there is anything to report of.
    pub(crate) fn check(&self, has_database: bool) -> anyhow::Result<()> {
        if self.reports() && !has_database {
            bail!("option --report requires option -d/--dbname");
        }
        Ok(())
    }

    /// Whether there is to be a report.
    pub(crate) fn reports(&self) -> bool {
        self.report.report.is_some()
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

    /// Whether what went well ends in a line that says what it came to.
    pub(crate) fn summarizes(&self) -> bool {
        self.verbose || self.progress == ProgressWhen::Always
    }

    /// Where a report goes, if one is wanted. `output_is_free` says whether nothing else goes to standard output.
    pub(crate) fn report(&self, output_is_free: bool) -> anyhow::Result<Option<ReportSink>> {
        self.report.sink(output_is_free)
    }
}
