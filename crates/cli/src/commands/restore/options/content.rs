//! Options that say which parts of the archive are restored.

use clap::{Args, ValueEnum};
use pgdumprs::script::{Options, Sections};

use crate::args::refuse_conflicts;

#[derive(Debug, Args)]
#[command(next_help_heading = "Content options")]
pub(super) struct ContentArgs {
    /// Restore only the data, not definitions or statistics
    #[arg(short = 'a', long)]
    pub(super) data_only: bool,

    /// Restore only definitions, not data or statistics
    #[arg(short = 's', long)]
    pub(super) schema_only: bool,

    /// Restore only planner statistics, not definitions or data
    #[arg(long)]
    pub(super) statistics_only: bool,

    /// Restore no data
    #[arg(long)]
    pub(super) no_data: bool,

    /// Restore no definitions
    #[arg(long)]
    pub(super) no_schema: bool,

    /// Restore no planner statistics
    #[arg(long)]
    pub(super) no_statistics: bool,

    /// Restore planner statistics, which is the default where the archive has some
    #[arg(long)]
    pub(super) statistics: bool,

    /// Restore this section only; may be given several times
    ///
    /// data holds rows, large objects and positions of sequences; post-data what is made when rows are there: indexes, triggers, rules,
    /// constraints other than CHECK; pre-data everything else.
    #[arg(long, value_name = "SECTION")]
    pub(super) section: Vec<Section>,
}

/// A part of a restore.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(super) enum Section {
    PreData,
    Data,
    PostData,
}

impl ContentArgs {
    /// Checks that the options go together, in pg_restore's order.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        const DATA_ONLY: &str = "-a/--data-only";
        const SCHEMA_ONLY: &str = "-s/--schema-only";
        const STATISTICS_ONLY: &str = "--statistics-only";
        let (data_only, schema_only) = (self.data_only, self.schema_only);
        let statistics_only = self.statistics_only;
        let conflicts = [
            (data_only && schema_only, SCHEMA_ONLY, DATA_ONLY),
            (schema_only && statistics_only, SCHEMA_ONLY, STATISTICS_ONLY),
            (data_only && statistics_only, DATA_ONLY, STATISTICS_ONLY),
            (data_only && self.no_data, DATA_ONLY, "--no-data"),
            (schema_only && self.no_schema, SCHEMA_ONLY, "--no-schema"),
            (
                statistics_only && self.no_statistics,
                STATISTICS_ONLY,
                "--no-statistics",
            ),
            (
                self.statistics && self.no_statistics,
                "--statistics",
                "--no-statistics",
            ),
            (data_only && self.statistics, DATA_ONLY, "--statistics"),
            (schema_only && self.statistics, SCHEMA_ONLY, "--statistics"),
        ];
        refuse_conflicts(&conflicts)
    }

    /// Adds what was asked for.
    pub(super) fn apply(&self, options: &mut Options) {
        options.data_only = self.data_only;
        options.schema_only = self.schema_only;
        options.statistics_only = self.statistics_only;
        options.no_data = self.no_data;
        options.no_schema = self.no_schema;
        options.no_statistics = self.no_statistics;
        options.statistics = self.statistics;
        for section in &self.section {
            options.sections |= match section {
                Section::PreData => Sections::PRE_DATA,
                Section::Data => Sections::DATA,
                Section::PostData => Sections::POST_DATA,
            };
        }
    }
}
