//! Restores into a database.

use std::io;
use std::path::Path;

use anyhow::{anyhow, bail};
use bstr::{BStr, BString, ByteSlice};
use pgdumprs::script::Options;
use pgdumprs::{Failure, Fate, Restore, RestoreEnd, RestoreError, RestoreEvent, RestoreReport};

use super::RestoreArgs;
use crate::message::say;
use crate::output::print_names;
use crate::signal;

/// How much of a statement is shown, in letters.
const SHOWN: usize = 300;

/// Restores the archive into the database that `args` name.
pub(super) fn run(args: &RestoreArgs, options: Options) -> anyhow::Result<()> {
    let verbose = args.verbose();
    if args.is_plan() {
        return plan(args, options);
    }
    let restore = args
        .apply(Restore::with_params(args.connection()?).options(options))?
        .watch(move |event| tell(&event, verbose));
    let report = signal::run("restore", async {
        Ok(match args.archive() {
            archive if archive == Path::new("-") => restore.from_std_reader(io::stdin()).await,
            archive => restore.from_file(archive).await,
        })
    })?;
    match report {
        Err(RestoreError::Impossible(plan)) => {
            say(format_args!("error: {plan}"));
            bail!(
                "not everything can be restored, and nothing has been changed; --continue restores the rest"
            )
        }
        report => conclude(report?, verbose),
    }
}

/// Prints what would become of the restore.
fn plan(args: &RestoreArgs, options: Options) -> anyhow::Result<()> {
    let restore = args.apply(Restore::with_params(args.connection()?).options(options))?;
    let plan = signal::run("plan", async {
        Ok(match args.archive() {
            archive if archive == Path::new("-") => restore.plan_std_reader(io::stdin()).await?,
            archive => restore.plan(archive).await?,
        })
    })?;
    print_names(|output| {
        writeln!(output, "{plan}")?;
        for entry in plan.adapted() {
            for adaptation in &entry.adaptations {
                writeln!(output, "  {}: {adaptation}", entry.name)?;
            }
        }
        if !args.verbose() {
            return Ok(());
        }
        for entry in &plan.entries {
            let fate = match &entry.fate {
                Fate::Done => "done".to_owned(),
                Fate::Adapted => {
                    let adaptations = entry.adaptations.iter();
                    let adaptations: Vec<_> = adaptations.map(ToString::to_string).collect();
                    format!("adapted: {}", adaptations.join("; "))
                }
                Fate::HangsOn(needed) => format!("needs {needed}"),
                Fate::Impossible(obstacles) => {
                    let obstacles: Vec<_> = obstacles.iter().map(ToString::to_string).collect();
                    format!("impossible: {}", obstacles.join("; "))
                }
                _ => continue,
            };
            writeln!(output, "{}; {}: {fate}", entry.dump_id, entry.name)?;
        }
        Ok(())
    })?;
    match plan.is_possible() {
        true => Ok(()),
        false => bail!("not everything can be restored"),
    }
}

/// Says what happens: of warnings and errors always, of everything else where that is asked for.
fn tell(event: &RestoreEvent, verbose: bool) {
    match event {
        RestoreEvent::Adapted(entry) => {
            for adaptation in &entry.adaptations {
                say(format_args!("adapted: {}: {adaptation}", entry.name));
            }
        }
        RestoreEvent::Failed(failure) => say_failure(failure),
        RestoreEvent::Warning(text) => say(format_args!("warning: {text}")),
        _ if !verbose => {}
        RestoreEvent::Notice(text) => say(format_args!("notice: {text}")),
        RestoreEvent::Connected { server_version, .. } => {
            say(format_args!("connected to PostgreSQL {server_version}"));
        }
        RestoreEvent::EntryStarted { name, .. } => say(format_args!("restoring {name}")),
        RestoreEvent::TableFinished(table) => {
            say(format_args!(
                "loaded {} rows into {}",
                table.loaded, table.name
            ));
        }
        _ => {}
    }
}

/// Says what the server refused, of which entry, and with which statement.
fn say_failure(failure: &Failure) {
    let of = match failure.entry.is_empty() {
        true => String::new(),
        false => format!("{}: ", failure.entry),
    };
    say(format_args!(
        "error: {of}{}; the statement was: {}",
        failure.error,
        beginning(&failure.statement)
    ));
}

/// A statement in one line, cut where it is long.
fn beginning(statement: &BString) -> String {
    let statement: &BStr = statement.as_bstr();
    let text = statement.to_str_lossy();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(SHOWN) {
        words.truncate(at);
        words.push('…');
    }
    words
}

/// The end that the restore came to, as the last line says it.
fn conclude(report: RestoreReport, verbose: bool) -> anyhow::Result<()> {
    let rows: u64 = report.tables.iter().map(|table| table.loaded).sum();
    if report.end() == RestoreEnd::Adapted {
        say(format_args!(
            "the restore is complete, but for {} entries that were adapted",
            report.adaptations.len()
        ));
    }
    if report.end() != RestoreEnd::Incomplete {
        if verbose {
            say(format_args!(
                "the restore is complete: {} tables with {rows} rows, {} large objects, in {:.1} s",
                report.tables.len(),
                report.large_objects,
                report.elapsed.as_secs_f64()
            ));
        }
        return Ok(());
    }
    for table in report.incomplete_tables() {
        if let Some(archived) = table.archived {
            say(format_args!(
                "error: {}: {} of {archived} rows are loaded",
                table.name, table.loaded
            ));
        }
    }
    let mut end = match report.failures.len() {
        0 => "the restore is not complete".to_owned(),
        1 => "the restore is not complete: the server refused 1 statement".to_owned(),
        refused => format!("the restore is not complete: the server refused {refused} statements"),
    };
    if !report.not_reached.is_empty() {
        end += &format!(
            ", and {} entries were not reached",
            report.not_reached.len()
        );
    }
    if report.rolled_back {
        end += "; the transaction was given up, and nothing has changed";
    }
    match report.stopped {
        Some(error) => Err(anyhow!(error).context(end)),
        None => bail!(end),
    }
}
