//! `pgdumprs diff`: what two databases differ in, of which each is in an archive or on a server.

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::bail;
use clap::{Args, ValueHint};
use console::Style;
use indicatif::HumanCount;
use pgdumprs::{
    DataComparison, DataKind, DefinitionDifference, Diff, DiffEnd, DiffError, DiffReport, DiffSide,
    Dump,
};
use serde::Serialize;

use crate::args::connection::ServerArgs;
use crate::args::encryption::IdentityArgs;
use crate::args::telling::ReportFormat;
use crate::commands::archive;
use crate::message::{say, visible};
use crate::output::print;
use crate::report::{ReportSink, seconds};
use crate::signal;

/// The exit status where it is not known whether both sides are the same, as diff has it.
pub(crate) const TROUBLE: u8 = 2;

#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// The one side: an archive in the custom, directory or tar format, also s3://, gs:// or az://, or a database, as a connection URI
    /// (postgresql://) or key=value pairs (dbname=shop)
    #[arg(value_name = "A", value_hint = ValueHint::AnyPath)]
    left: String,

    /// The other side, likewise
    #[arg(value_name = "B", value_hint = ValueHint::AnyPath)]
    right: String,

    /// Compare definitions alone
    #[arg(
        short,
        long,
        conflicts_with = "data_only",
        help_heading = "What is compared"
    )]
    schema_only: bool,

    /// Compare data alone: rows, values of sequences and large objects
    #[arg(short = 'a', long, help_heading = "What is compared")]
    data_only: bool,

    /// Take no heed of owners
    #[arg(short = 'O', long, help_heading = "What is compared")]
    no_owner: bool,

    /// Take no heed of privileges (GRANT and REVOKE)
    #[arg(short = 'x', long, help_heading = "What is compared")]
    no_privileges: bool,

    /// Take no heed of comments
    #[arg(long, help_heading = "What is compared")]
    no_comments: bool,

    /// Compare planner statistics too, where archives have them
    #[arg(long, help_heading = "What is compared")]
    statistics: bool,

    /// Compare only these tables, views and sequences, with what belongs to them: a name, or schema.name, with psql's * and ?; may be given several
    /// times
    #[arg(
        short,
        long = "table",
        value_name = "PATTERN",
        help_heading = "What is compared"
    )]
    tables: Vec<String>,

    /// Do not compare these tables, views and sequences
    #[arg(
        short = 'T',
        long = "exclude-table",
        value_name = "PATTERN",
        help_heading = "What is compared"
    )]
    exclude_tables: Vec<String>,

    /// Compare only these schemas, with what is in them
    #[arg(
        short = 'n',
        long = "schema",
        value_name = "PATTERN",
        help_heading = "What is compared"
    )]
    schemas: Vec<String>,

    /// Do not compare these schemas
    #[arg(
        short = 'N',
        long = "exclude-schema",
        value_name = "PATTERN",
        help_heading = "What is compared"
    )]
    exclude_schemas: Vec<String>,

    /// Threads or connections that read each side at the same time; by default one for each CPU, and eight at most
    #[arg(short, long, value_name = "NUM", value_parser = clap::value_parser!(u16).range(1..), help_heading = "General options")]
    jobs: Option<u16>,

    /// Say on standard error how much was compared
    #[arg(short, long, help_heading = "General options")]
    verbose: bool,

    /// Say nothing on standard error but what failed
    #[arg(
        short,
        long,
        conflicts_with = "verbose",
        help_heading = "General options"
    )]
    quiet: bool,

    /// Print a report for programs, rather than differences for people
    ///
    /// It is a line of JSON on standard output, or in the report's file beside the differences for people. docs/diff.md has its fields.
    #[arg(long, value_name = "FORMAT", help_heading = "General options")]
    report: Option<ReportFormat>,

    /// Write the report into this file; requires --report
    #[arg(
        long,
        value_name = "FILE",
        requires = "report",
        help_heading = "General options"
    )]
    report_file: Option<PathBuf>,

    #[command(flatten)]
    encryption: IdentityArgs,

    #[command(flatten)]
    server: ServerArgs,
}

/// The report's shape, as `docs/diff.md` describes it. Fields may be added.
#[derive(Serialize)]
struct JsonDiff<'a> {
    pgdumprs: &'static str,
    end: DiffEnd,
    #[serde(flatten)]
    report: &'a DiffReport,
}

/// Compares, prints what is different, and returns the exit status: 1 where anything is.
pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    let sink = match args.report {
        Some(ReportFormat::Json) => Some(ReportSink::open(args.report_file.as_deref(), true)?),
        None => None,
    };
    let mut diff = Diff::new(args.side(&args.left)?, args.side(&args.right)?)
        .definitions(!args.data_only)
        .data(!args.schema_only)
        .owners(!args.no_owner)
        .privileges(!args.no_privileges)
        .comments(!args.no_comments)
        .statistics(args.statistics);
    if let Some(jobs) = args.jobs {
        diff = diff.jobs(jobs.into());
    }
    for pattern in &args.tables {
        diff = diff.include_table(pattern);
    }
    for pattern in &args.exclude_tables {
        diff = diff.exclude_table(pattern);
    }
    for pattern in &args.schemas {
        diff = diff.include_schema(pattern);
    }
    for pattern in &args.exclude_schemas {
        diff = diff.exclude_schema(pattern);
    }
    let compared = async {
        diff.run().await.map_err(|error| match error {
            // It has hints of its own.
            DiffError::Database(error) => error.into(),
            error => anyhow::Error::from(error),
        })
    };
    let report = signal::run("comparison", compared)?;
    if !args.quiet {
        for note in &report.notes {
            say(format_args!("warning: {note}"));
        }
    }
    let is_alone = sink.as_ref().is_some_and(ReportSink::is_output);
    if let Some(sink) = sink {
        let json = JsonDiff {
            pgdumprs: env!("CARGO_PKG_VERSION"),
            end: report.end(),
            report: &report,
        };
        sink.write(&json, "the comparison is complete")?;
    }
    if !is_alone {
        print_differences(&report)?;
    }
    if args.verbose {
        say(summary(&report));
    }
    match report.end() {
        DiffEnd::Same => Ok(ExitCode::SUCCESS),
        DiffEnd::Different => Ok(ExitCode::FAILURE),
        _ => bail!(report.failures.join("; ")),
    }
}

impl DiffArgs {
    /// What a name stands for.
    fn side(&self, name: &str) -> anyhow::Result<DiffSide> {
        let is_uri = ["postgresql://", "postgres://"]
            .iter()
            .any(|scheme| name.starts_with(scheme));
        let path = Path::new(name);
        let is_place = archive::object(path)?.is_some() || path.exists();
        if is_uri || !is_place && name.contains('=') {
            let params = self.server.params(Some(name))?;
            return Ok(DiffSide::database(Dump::with_params(params)));
        }
        if name == "-" {
            bail!("an archive on standard input cannot be compared: give it as a file");
        }
        Ok(DiffSide::archive(archive::source(path, &self.encryption)?))
    }
}

/// Prints differences for people: none, where there is none.
fn print_differences(report: &DiffReport) -> anyhow::Result<()> {
    let data: Vec<&DataComparison> = report.different_data().collect();
    if report.definitions.is_empty() && data.is_empty() {
        return Ok(());
    }
    print(|output| {
        let mut page = Page {
            output,
            is_terminal: io::stdout().is_terminal(),
        };
        page.line("--- ", &report.left.name, &Style::new().bold())?;
        page.line("+++ ", &report.right.name, &Style::new().bold())?;
        for difference in &report.definitions {
            page.definition(difference, report)?;
        }
        for data in data {
            page.data(data, report)?;
        }
        Ok(())
    })
}

/// Where differences are printed.
struct Page<'a> {
    output: &'a mut dyn Write,
    is_terminal: bool,
}

impl Page<'_> {
    /// A line in a style, where the terminal has such. What would move its cursor is shown rather than sent.
    fn line(&mut self, before: &str, text: &str, look: &Style) -> io::Result<()> {
        let line = format!("{before}{text}");
        match self.is_terminal {
            true => writeln!(self.output, "{}", look.apply_to(visible(&line))),
            false => writeln!(self.output, "{line}"),
        }
    }

    fn title(&mut self, title: &str, sides: (bool, bool), report: &DiffReport) -> io::Result<()> {
        let only = match sides {
            (true, false) => format!(", only in {}", report.left.name),
            (false, true) => format!(", only in {}", report.right.name),
            _ => String::new(),
        };
        writeln!(self.output)?;
        self.line(title, &only, &Style::new().bold())
    }

    fn definition(
        &mut self,
        difference: &DefinitionDifference,
        report: &DiffReport,
    ) -> io::Result<()> {
        let sides = (difference.left.is_some(), difference.right.is_some());
        self.title(&difference.title(), sides, report)?;
        for line in difference.lines().lines() {
            self.marked(line)?;
        }
        Ok(())
    }

    fn data(&mut self, data: &DataComparison, report: &DiffReport) -> io::Result<()> {
        let mut title = match data.kind {
            DataKind::Sequence => format!("VALUE of SEQUENCE {}", data.name),
            DataKind::LargeObject => format!("CONTENT of LARGE OBJECT {}", data.name),
            _ => format!("ROWS of {}", data.name),
        };
        if let Some(columns) = &data.columns {
            title.push_str(&format!(" ({})", columns.join(", ")));
        }
        self.title(&title, (data.left.is_some(), data.right.is_some()), report)?;
        let counts = [data.left, data.right].map(|sum| sum.map(|sum| sum.count));
        for (mark, sum) in [("-", data.left), ("+", data.right)] {
            let Some(sum) = sum else {
                continue;
            };
            let found = match data.kind {
                DataKind::Sequence if sum.count == 0 => format!("{}, not given out yet", sum.sum),
                DataKind::Sequence => sum.sum.to_string(),
                DataKind::LargeObject => format!("sum {:016x}", sum.sum),
                kind => {
                    let what = match (kind, sum.count) {
                        (DataKind::Statements, _) => "lines of INSERT statements",
                        (_, 1) => "row",
                        _ => "rows",
                    };
                    let count = HumanCount(sum.count);
                    match counts[0] == counts[1] {
                        true => format!("{count} {what}, sum {}", sum.sum),
                        false => format!("{count} {what}"),
                    }
                }
            };
            self.marked(&format!("{mark}{found}"))?;
        }
        Ok(())
    }

    /// A line with a mark before it.
    fn marked(&mut self, line: &str) -> io::Result<()> {
        let look = match line.as_bytes().first() {
            Some(b'-') => Style::new().red(),
            Some(b'+') => Style::new().green(),
            Some(b'@') => Style::new().cyan(),
            _ => Style::new(),
        };
        self.line("", line, &look)
    }
}

/// How much was compared.
fn summary(report: &DiffReport) -> String {
    let compared = &report.compared;
    let number = |count: usize| HumanCount(count as u64);
    let different = report.definitions.len() + report.different_data().count();
    let found = match different {
        0 => "no difference".to_owned(),
        1 => "1 difference".to_owned(),
        different => format!("{} differences", number(different)),
    };
    format!(
        "compared {} definitions, {} tables, {} sequences and {} large objects in {:.1} s: {found}",
        number(compared.definitions),
        number(compared.tables),
        number(compared.sequences),
        number(compared.large_objects),
        seconds(report.elapsed)
    )
}
