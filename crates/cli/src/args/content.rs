//! Options that say which parts of the database are dumped.

use clap::{Args, ValueEnum};
use pgdumprs::{Dump, Sections};

use crate::args::refuse_conflicts;

#[derive(Debug, Args)]
#[command(next_help_heading = "Content options")]
pub(crate) struct ContentArgs {
    /// Dump only the data, not definitions or statistics
    #[arg(short = 'a', long)]
    data_only: bool,

    /// Dump only definitions, not data or statistics
    #[arg(short = 's', long)]
    schema_only: bool,

    /// Dump only planner statistics, not definitions or data
    #[arg(long)]
    statistics_only: bool,

    /// Dump no data
    #[arg(long)]
    no_data: bool,

    /// Dump no definitions
    #[arg(long)]
    no_schema: bool,

    /// Dump no planner statistics, which is the default
    #[arg(long)]
    no_statistics: bool,

    /// Dump planner statistics as well
    ///
    /// They restore into servers since 18; those of CREATE STATISTICS are dumped from servers since 19, which alone can restore them.
    /// Without them, run ANALYZE after a restore.
    #[arg(long)]
    statistics: bool,

    /// Dump positions of sequences even where data is not dumped
    #[arg(long)]
    sequence_data: bool,

    /// Dump this section only; may be given several times
    ///
    /// data holds rows, large objects and positions of sequences; post-data what is made when rows are there: indexes, triggers, rules,
    /// constraints other than CHECK; pre-data everything else.
    #[arg(long, value_name = "SECTION")]
    section: Vec<Section>,
}

/// A part of a restore.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Section {
    PreData,
    Data,
    PostData,
}

impl ContentArgs {
    /// Whether nothing but data was asked for.
    pub(crate) fn data_only(&self) -> bool {
        self.data_only
    }

    /// Checks that the options go together, in pg_dump's order, and tells `dump` what was asked for. `foreign_data` says whether rows of
    /// foreign tables were.
    pub(crate) fn apply(&self, dump: Dump, foreign_data: bool) -> anyhow::Result<Dump> {
        self.check(foreign_data)?;
        let sections = self.section.iter().map(|section| match section {
            Section::PreData => Sections::PRE_DATA,
            Section::Data => Sections::DATA,
            Section::PostData => Sections::POST_DATA,
        });
        let (data_only, schema_only) = (self.data_only, self.schema_only);
        let statistics_only = self.statistics_only;
        let dump = dump
            .data((data_only || !schema_only && !statistics_only) && !self.no_data)
            .schema((schema_only || !data_only && !statistics_only) && !self.no_schema)
            .statistics((statistics_only || self.statistics) && !self.no_statistics)
            .sequence_data(self.sequence_data);
        Ok(match sections.reduce(Sections::union) {
            Some(sections) => dump.sections(sections),
            None => dump,
        })
    }

    fn check(&self, foreign_data: bool) -> anyhow::Result<()> {
        const DATA_ONLY: &str = "-a/--data-only";
        const SCHEMA_ONLY: &str = "-s/--schema-only";
        const STATISTICS_ONLY: &str = "--statistics-only";
        let (data_only, schema_only) = (self.data_only, self.schema_only);
        let statistics_only = self.statistics_only;
        let conflicts = [
            (data_only && schema_only, DATA_ONLY, SCHEMA_ONLY),
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
            (data_only && self.statistics, "--statistics", DATA_ONLY),
            (schema_only && self.statistics, "--statistics", SCHEMA_ONLY),
            (
                schema_only && foreign_data,
                "--include-foreign-data",
                SCHEMA_ONLY,
            ),
        ];
        refuse_conflicts(&conflicts)
    }
}
