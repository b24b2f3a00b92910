//! `pgdumprs prune`: removes old backups, and what a dump removes of them when it is complete.

use std::io::Write;
use std::path::Path;
use std::time::SystemTime;

use anyhow::{anyhow, bail};
use clap::{Args, ValueHint};
use pgdumprs::{BackupFate, BackupTemplate, Prune, PruneReport, PrunedBackup, Retention};

use crate::args::encryption::IdentityArgs;
use crate::args::keep::KeepArgs;
use crate::args::telling::{ReportArgs, reports};
use crate::commands::sizes::bytes;
use crate::message::{say, visible};
use crate::output::print_names;
use crate::report::ReportSink;
use crate::report::prune::JsonPrune;
use crate::signal;

/// What a removal's report has.
const REPORT: &str = "\
Print a report for programs, rather than the table

It is a line of JSON on standard output, or in the report's file beside the table. docs/retention.md has its fields.";

/// What it is called where it is interrupted.
const PRODUCT: &str = "removal of old backups";

#[derive(Debug, Args)]
#[command(mut_args(reports(REPORT)))]
pub(crate) struct PruneArgs {
    /// Names of the backups, with %Y, %m, %d and such for the parts of a time: a path, or s3://, gs:// or az://
    ///
    /// Files, objects and folders that have such names are looked at, and no others: %Y (4 digits), %m, %d, %H, %M, %S (2), %j (the day of the year, 3), %F
    /// (%Y-%m-%d) and %T (%H:%M:%S), also in the names of folders; %% is a percent sign. With a slash at the end, folders alone.
    #[arg(value_name = "TEMPLATE", value_hint = ValueHint::AnyPath)]
    template: BackupTemplate,

    #[command(flatten)]
    keep: KeepArgs,

    /// Remove nothing, and say what would be
    #[arg(short = 'n', long, help_heading = "General options")]
    dry_run: bool,

    /// Print nothing but what could not be removed
    #[arg(short, long, help_heading = "General options")]
    quiet: bool,

    #[command(flatten)]
    report: ReportArgs,

    #[command(flatten)]
    encryption: IdentityArgs,
}

/// Removes what no rule keeps, and prints what became of each backup.
pub(crate) fn run(args: &PruneArgs) -> anyhow::Result<()> {
    if args.keep.retention().is_empty() {
        bail!(
            "nothing says which backups are to be kept: give one of the options --keep-last, --keep-daily and so on, with a number above 0"
        );
    }
    let sink = args.report.sink(true)?;
    let mut prune = Prune::new(args.template.clone(), args.keep.retention()).dry_run(args.dry_run);
    if args.encryption.is_given() {
        // No archive of a template is standard input.
        prune = prune.identities(args.encryption.identities(Path::new(""))?);
    }
    let report = signal::run(PRODUCT, async { Ok(prune.run().await?) })?;
    let is_alone = sink.as_ref().is_some_and(ReportSink::is_output);
    if let Some(sink) = sink {
        sink.write(&JsonPrune::from(&report), "the removal has ended")?;
    }
    if !is_alone && !args.quiet {
        print_names(|output| print_table(&report, output))?;
    }
    if !args.quiet && report.backups.is_empty() && report.left.is_empty() {
        say_literal(&args.template);
    }
    check(&report).map_err(|failed| anyhow!("{failed}"))
}

/// Says, where nothing has such a name, that letters which stand for others in a shell do not do so here.
fn say_literal(template: &BackupTemplate) {
    let template = template.to_string();
    if let Some(letter) = template
        .chars()
        .find(|letter| matches!(letter, '*' | '?' | '['))
    {
        say(format_args!(
            "hint: no backup has such a name; {letter} stands for itself in a template, and parts of a time alone, such as %F, stand for others"
        ));
    }
}

/// Removes older backups after a dump is complete, which has the name of `time`.
pub(crate) fn after_dump(
    template: &BackupTemplate,
    retention: Retention,
    time: SystemTime,
    is_verbose: bool,
) -> anyhow::Result<()> {
    let prune = Prune::new(template.clone(), retention).written(time);
    let report = signal::run(PRODUCT, async { Ok(prune.run().await?) });
    let report = report
        .map_err(|error| error.context("the dump is complete, but older ones were not removed"))?;
    if is_verbose {
        for backup in report.removed() {
            say(format_args!("removed \"{}\"", backup.name));
        }
        for left in &report.left {
            say(format_args!("left \"{}\": {}", left.name, left.reason));
        }
    }
    check(&report).map_err(|failed| anyhow!("the dump is complete, but {failed}"))
}

/// Says what could not be removed, each on a line of its own, and fails where there is anything.
fn check(report: &PruneReport) -> Result<(), String> {
    for (backup, reason) in report.failed() {
        say(format_args!("error: \"{}\": {reason}", backup.name));
    }
    match report.failed().count() {
        0 => Ok(()),
        1 => Err("one of the older backups could not be removed".to_owned()),
        count => Err(format!("{count} of the older backups could not be removed")),
    }
}

fn print_table(report: &PruneReport, output: &mut dyn Write) -> std::io::Result<()> {
    let rows: Vec<[String; 4]> = report
        .backups
        .iter()
        .map(|backup| row(backup, report.is_dry_run))
        .collect();
    let widest = |column: usize| {
        rows.iter()
            .map(|row| row[column].chars().count())
            .max()
            .unwrap_or(0)
    };
    let widths = [widest(0), widest(1), widest(2)];
    for [made, size, name, fate] in &rows {
        let [made_width, size_width, name_width] = widths;
        writeln!(
            output,
            "{made:made_width$}  {size:>size_width$}  {name:name_width$}  {fate}"
        )?;
    }
    for left in &report.left {
        writeln!(
            output,
            "left as it is: {}: {}",
            visible(&left.name),
            visible(&left.reason)
        )?;
    }
    for key in &report.uploads {
        let aborted = match report.is_dry_run {
            true => "would be aborted",
            false => "aborted",
        };
        writeln!(output, "unfinished upload {aborted}: {}", visible(key))?;
    }
    for file in &report.unfinished {
        let removed = match report.is_dry_run {
            true => "would be removed",
            false => "removed",
        };
        writeln!(output, "unfinished file {removed}: {}", visible(file))?;
    }
    let removed: Vec<_> = report.removed().collect();
    let failed = report.failed().count();
    writeln!(
        output,
        "{} kept, {} {}removed: {}",
        report.backups.len() - removed.len() - failed,
        removed.len(),
        if report.is_dry_run { "would be " } else { "" },
        bytes(removed.iter().map(|backup| backup.bytes).sum()),
    )
}

fn row(backup: &PrunedBackup, is_dry_run: bool) -> [String; 4] {
    let fate = match &backup.fate {
        BackupFate::Kept(reasons) => {
            let reasons: Vec<_> = reasons.iter().map(|reason| reason.name()).collect();
            format!("kept: {}", reasons.join(", "))
        }
        BackupFate::Removed if is_dry_run => "would be removed".to_owned(),
        BackupFate::Removed => "removed".to_owned(),
        _ => "NOT REMOVED".to_owned(),
    };
    let problem = backup.problem.as_ref().map_or(String::new(), |problem| {
        format!(" (not complete: {problem})")
    });
    [
        backup.made.replace('T', " "),
        bytes(backup.bytes),
        visible(&backup.name),
        visible(&format!("{fate}{problem}")),
    ]
}
