//! `pgdumprs clone`: makes of one database another, on whatever server.

mod options;

use anyhow::bail;
use pgdumprs::{
    CloneEnd, CloneError, CloneEvent, CloneReport, DatabaseClone, Dump, Event, Restore,
    RestoreError, RestoreReport, RestoreStopped, Verification,
};

use crate::commands::chosen_rows::say_chosen;
use crate::commands::restore::ends::{print_plan, say_impossible, say_missing, summary};
use crate::failure;
use crate::message::say;
use crate::progress::Verbosity;
use crate::progress::restore::{Teller, compared};
use crate::report::ReportSink;
use crate::report::clone::JsonClone;
use crate::report::plan::JsonPlan;
use crate::signal;

pub(crate) use options::CloneArgs;

/// Clones as `args` say.
pub(crate) fn run(args: &CloneArgs) -> anyhow::Result<()> {
    args.check()?;
    let (source, target) = (args.source()?, args.target()?);
    let dump = args.dump(Dump::with_params(source.clone()), &source)?;
    let restore = args.restore(Restore::with_params(target))?;
    let clone = args.besides(DatabaseClone::of(dump, restore));
    if args.is_plan() {
        return plan(args, clone);
    }
    let telling = &args.telling;
    let sink = telling.report(true)?;
    let mut teller = Teller::new(telling.verbosity(), telling.progress(), false);
    let clone = clone.watch(move |event| match event {
        CloneEvent::Source(event) => teller.tell_source(&event),
        CloneEvent::Target(event) => teller.tell(&event),
        CloneEvent::Verifying => teller.tell_verifying(),
        CloneEvent::Compared(comparison) => teller.tell_compared(&comparison),
        _ => {}
    });
    let cloned = signal::run("clone", async { Ok(clone.run().await) })?;
    match cloned {
        Err(CloneError::Target(RestoreError::Impossible(plan))) => {
            if let Some(sink) = sink {
                sink.write(&JsonPlan::from(&*plan), "nothing has been changed")?;
            }
            say_impossible(None, &plan);
            bail!(
                "not everything can be cloned, and nothing has been changed; --adapt makes otherwise what can be, --continue clones the rest"
            )
        }
        cloned => {
            let report = cloned?;
            if let Some(sink) = sink {
                sink.write(&JsonClone::from(&report), "the clone has ended")?;
            }
            conclude(report, args)
        }
    }
}

/// Prints what would become of the clone.
fn plan(args: &CloneArgs, clone: DatabaseClone) -> anyhow::Result<()> {
    let sink = args.telling.report(true)?;
    let mut teller = Teller::new(args.telling.verbosity(), args.telling.progress(), false);
    let clone = clone.watch(move |event| {
        if let CloneEvent::Source(event @ Event::Warning(_)) = event {
            teller.tell_source(&event);
        }
    });
    let plan = signal::run("plan", async { Ok(clone.plan().await?) })?;
    let is_alone = sink.as_ref().is_some_and(ReportSink::is_output);
    if let Some(sink) = sink {
        sink.write(&JsonPlan::from(&plan), "nothing has been changed")?;
    }
    if !is_alone {
        print_plan(&plan, args.telling.verbosity() == Verbosity::Verbose)?;
    }
    match plan.is_possible() {
        true => Ok(()),
        false => bail!("not everything can be cloned"),
    }
}

/// The end that the clone came to, as the last line says it.
fn conclude(report: CloneReport, args: &CloneArgs) -> anyhow::Result<()> {
    let telling = &args.telling;
    if telling.summarizes() {
        say_chosen(&report.chosen_rows);
    }
    match &report.archive {
        // Where the copy is not whole, it is what there is.
        Some(Ok(kept)) if telling.summarizes() || report.end() == CloneEnd::Incomplete => {
            say(format_args!(
                "the archive \"{}\" is complete: {} bytes",
                kept.path.display(),
                kept.bytes
            ))
        }
        Some(Err(error)) => say(format_args!(
            "error: there is no archive: {}",
            failure::line(anyhow::Chain::new(error))
        )),
        _ => {}
    }
    let end = match report.end() {
        CloneEnd::Complete => Some(("the clone is complete".to_owned(), telling.summarizes())),
        CloneEnd::Adapted => {
            let end = match report.restore.adaptations.len() {
                1 => "the clone is complete, but for 1 entry that was adapted".to_owned(),
                count => {
                    format!("the clone is complete, but for {count} entries that were adapted")
                }
            };
            Some((end, telling.verbosity() != Verbosity::Quiet))
        }
        _ => None,
    };
    if let Some((end, is_said)) = end {
        if is_said {
            let compared = match &report.verification {
                Some(found) => format!(
                    "; {} checksums are equal, compared in {:.1} s",
                    found.comparisons.len(),
                    found.elapsed.as_secs_f64()
                ),
                None => String::new(),
            };
            say(format_args!(
                "{end}: {}{compared}",
                summary(&report.restore)
            ));
        }
        return Ok(());
    }
    let mut end = say_missing("the clone", &report.restore);
    if let Some(verification) = &report.verification {
        end += &say_doubtful(verification);
    }
    if matches!(report.archive, Some(Err(_))) {
        end += "; the archive was not kept";
    }
    let is_source_lost = matches!(report.restore.stopped, Some(RestoreStopped::Source { .. }));
    if is_source_lost || report.source_end.is_some() {
        say_lost(&report.restore);
    }
    let stopped = report.restore.stopped.map(anyhow::Error::from);
    let stopped = stopped.or(report.source_end.map(anyhow::Error::from));
    match stopped {
        Some(error) => Err(error.context(end)),
        None => bail!(end),
    }
}

/// Says what is there when the source's snapshot is lost, and what can be done then.
fn say_lost(report: &RestoreReport) {
    let whole = report.tables.iter();
    let whole = whole.filter(|table| table.is_complete()).count();
    say(format_args!(
        "hint: the source's snapshot is lost: {whole} tables have all their rows as it showed them. Another clone has another snapshot and begins anew, \
         with -c --if-exists or in an empty database"
    ));
}

/// Says what is not equal on both sides, and gives back the end in words, where there is anything.
fn say_doubtful(verification: &Verification) -> String {
    for failure in &verification.failures {
        say(format_args!(
            "error: could not compare everything: {failure}"
        ));
    }
    let mut different = 0;
    let mut unknown = 0;
    for comparison in verification.doubtful() {
        match comparison.is_equal() {
            Some(_) => different += 1,
            None => unknown += 1,
        }
        say(format_args!("error: {}", compared(comparison)));
    }
    match (different, unknown, verification.failures.is_empty()) {
        (0, 0, true) => String::new(),
        (0, 0, false) => "; not everything was compared".to_owned(),
        (different, 0, _) => format!("; of what was compared, {different} are different"),
        (different, unknown, _) => {
            format!(
                "; of what was to be compared, {different} are different, and {unknown} could not be read on both sides"
            )
        }
    }
}
