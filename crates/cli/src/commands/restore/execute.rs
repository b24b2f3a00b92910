//! Restores into a database.

use std::io;
use std::path::Path;

use anyhow::{anyhow, bail};
use pgdumprs::script::Options;
use pgdumprs::{BString, Cause, Fate, Restore, RestoreEnd, RestoreError, RestoreReport};

use super::RestoreArgs;
use super::options::TellingArgs;
use super::reached::Reached;
use crate::message::say;
use crate::output::print_names;
use crate::program::Program;
use crate::progress::Verbosity;
use crate::progress::restore::Teller;
use crate::report::ReportSink;
use crate::report::plan::JsonPlan;
use crate::report::restore::JsonRestore;
use crate::signal;

/// Restores the archive into the database that `args` name.
pub(super) fn run(args: &RestoreArgs, options: Options) -> anyhow::Result<()> {
    if args.is_plan() {
        return plan(args, options);
    }
    let telling = &args.telling;
    let sink = telling.report()?;
    // By that name, errors come as they come from pg_restore.
    let says_all = Program::called() == Program::PgRestore;
    let mut teller = Teller::new(telling.verbosity(), telling.progress(), says_all);
    let restore = args
        .apply(Restore::with_params(args.connection()?).options(options))?
        .watch(move |event| teller.tell(&event));
    let reached = Reached::default();
    let restore = reached.watch(restore);
    let report = signal::run("restore", async {
        Ok(match args.archive() {
            archive if archive == Path::new("-") => restore.from_std_reader(io::stdin()).await,
            archive => restore.from_file(archive).await,
        })
    });
    let report = report.inspect_err(|_| reached.tell())?;
    match report {
        Err(RestoreError::Impossible(plan)) => {
            if let Some(sink) = sink {
                sink.write(&JsonPlan::from(&*plan), "nothing has been changed")?;
            }
            say(format_args!("error: {plan}"));
            bail!(
                "not everything can be restored, and nothing has been changed; --continue restores the rest"
            )
        }
        report => {
            let report = report?;
            if let Some(sink) = sink {
                sink.write(&JsonRestore::from(&report), "the restore has ended")?;
            }
            conclude(report, telling)
        }
    }
}

/// Prints what would become of the restore.
fn plan(args: &RestoreArgs, options: Options) -> anyhow::Result<()> {
    let sink = args.telling.report()?;
    let restore = args.apply(Restore::with_params(args.connection()?).options(options))?;
    let plan = signal::run("plan", async {
        Ok(match args.archive() {
            archive if archive == Path::new("-") => restore.plan_std_reader(io::stdin()).await?,
            archive => restore.plan(archive).await?,
        })
    })?;
    let is_alone = sink.as_ref().is_some_and(ReportSink::is_output);
    if let Some(sink) = sink {
        sink.write(&JsonPlan::from(&plan), "nothing has been changed")?;
    }
    print_names(|output| {
        if is_alone {
            return Ok(());
        }
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
                Fate::Done if entry.adaptations.is_empty() => "done".to_owned(),
                Fate::Done | Fate::Adapted => {
                    let fate = if entry.fate == Fate::Done {
                        "done"
                    } else {
                        "adapted"
                    };
                    let adaptations = entry.adaptations.iter();
                    let adaptations: Vec<_> = adaptations.map(ToString::to_string).collect();
                    format!("{fate}: {}", adaptations.join("; "))
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

/// The end that the restore came to, as the last line says it.
fn conclude(report: RestoreReport, telling: &TellingArgs) -> anyhow::Result<()> {
    let rows: u64 = report.tables.iter().map(|table| table.loaded).sum();
    let end = match report.end() {
        RestoreEnd::Complete => Some(("the restore is complete".to_owned(), telling.summarizes())),
        RestoreEnd::Adapted => {
            let entries = match report.adaptations.len() {
                1 => "1 entry that was adapted".to_owned(),
                count => format!("{count} entries that were adapted"),
            };
            let is_quiet = telling.verbosity() == Verbosity::Quiet;
            Some((
                format!("the restore is complete, but for {entries}"),
                !is_quiet,
            ))
        }
        _ => None,
    };
    if let Some((end, is_said)) = end {
        if is_said {
            say(format_args!(
                "{end}: {} tables with {rows} rows, {} large objects, in {:.1} s",
                report.tables.len(),
                report.large_objects,
                report.elapsed.as_secs_f64()
            ));
        }
        return Ok(());
    }
    for cause in &report.causes {
        say_cause(cause, &report);
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
    if let Some(journal) = &report.journal {
        say(format_args!(
            "hint: --resume goes on with what is missing, by the journal \"{}\"",
            journal.display()
        ));
    }
    match report.stopped {
        Some(error) => Err(anyhow!(error).context(end)),
        None => bail!(end),
    }
}

/// Says how often something was refused for one reason, and what can be done about it. What failed first was said when it did.
fn say_cause(cause: &Cause, report: &RestoreReport) {
    let Some(first) = cause
        .failures
        .first()
        .and_then(|&at| report.failures.get(at))
    else {
        return;
    };
    let (more, following) = (cause.failures.len() - 1, cause.following.len());
    let mut counts = Vec::new();
    if more > 0 {
        counts.push(format!("{more} more for the same reason"));
    }
    if following > 0 {
        counts.push(format!("{following} that followed from it"));
    }
    let of = match first.entry.is_empty() {
        true => BString::from("the session"),
        false => first.entry.clone(),
    };
    if !counts.is_empty() {
        let (code, counts) = (&first.error.code, counts.join(", "));
        say(format_args!("error: besides {of} ({code}): {counts}"));
    }
    if let Some(advice) = &cause.advice {
        say(format_args!("hint: {of}: {advice}"));
    }
}
