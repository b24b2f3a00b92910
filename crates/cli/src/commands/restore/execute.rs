//! Restores into a database.

use anyhow::{anyhow, bail};
use pgdumprs::script::Options;
use pgdumprs::{Restore, RestoreEnd, RestoreError, RestoreReport};

use super::RestoreArgs;
use super::ends::{print_plan, say_impossible, say_missing, summary};
use super::reached::Reached;
use crate::args::telling::TellingArgs;
use crate::commands::archive::source;
use crate::message::say;
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
    let sink = telling.report(true)?;
    // By that name, errors come as they come from pg_restore.
    let says_all = Program::called() == Program::PgRestore;
    let mut teller = Teller::new(telling.verbosity(), telling.progress(), says_all);
    let restore = args
        .apply(Restore::with_params(args.connection()?).options(options))?
        .watch(move |event| teller.tell(&event));
    let reached = Reached::default();
    let restore = reached.watch(restore);
    let source = source(args.archive(), &args.encryption)?;
    let report = signal::run("restore", async { Ok(restore.from_source(&source).await) });
    let report = report.inspect_err(|_| reached.tell())?;
    match report {
        Err(RestoreError::Impossible(plan)) => {
            if let Some(sink) = sink {
                sink.write(&JsonPlan::from(&*plan), "nothing has been changed")?;
            }
            say_impossible(None, &plan);
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
    let sink = args.telling.report(true)?;
    let restore = args.apply(Restore::with_params(args.connection()?).options(options))?;
    let source = source(args.archive(), &args.encryption)?;
    let plan = signal::run("plan", async { Ok(restore.plan_source(&source).await?) })?;
    let is_alone = sink.as_ref().is_some_and(ReportSink::is_output);
    if let Some(sink) = sink {
        sink.write(&JsonPlan::from(&plan), "nothing has been changed")?;
    }
    if !is_alone {
        print_plan(&plan, args.verbose())?;
    }
    match plan.is_possible() {
        true => Ok(()),
        false => bail!("not everything can be restored"),
    }
}

/// The end that the restore came to, as the last line says it.
fn conclude(report: RestoreReport, telling: &TellingArgs) -> anyhow::Result<()> {
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
            say(format_args!("{end}: {}", summary(&report)));
        }
        return Ok(());
    }
    let end = say_missing("the restore", &report);
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
