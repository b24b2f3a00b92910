//! How a restore has ended, and how one would end, in words.

use pgdumprs::{BString, Cause, Fate, RestorePlan, RestoreReport};

use crate::message::say;
use crate::output::print_names;

/// Says why not everything can be restored, each reason in a line of its own; `of` names the database, where there may be several.
pub(crate) fn say_impossible(of: Option<&str>, plan: &RestorePlan) {
    let of = of
        .map(|name| format!("database \"{name}\": "))
        .unwrap_or_default();
    for (at, line) in plan.to_string().lines().enumerate() {
        match at {
            0 => say(format_args!("error: {of}{line}")),
            _ => say(line),
        }
    }
}

/// Prints what would become of a restore; of each entry where `is_verbose` says so.
pub(crate) fn print_plan(plan: &RestorePlan, is_verbose: bool) -> anyhow::Result<()> {
    print_names(|output| {
        writeln!(output, "{plan}")?;
        for entry in plan.adapted() {
            for adaptation in &entry.adaptations {
                writeln!(output, "  {}: {adaptation}", entry.name)?;
            }
        }
        if !is_verbose {
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
    })
}

/// What a restore came to that has come to its end.
pub(crate) fn summary(report: &RestoreReport) -> String {
    let rows: u64 = report.tables.iter().map(|table| table.loaded).sum();
    format!(
        "{} tables with {rows} rows, {} large objects, in {:.1} s",
        report.tables.len(),
        report.large_objects,
        report.elapsed.as_secs_f64()
    )
}

/// Says what is missing and why, and gives back the end in words; `what` has come to it.
pub(crate) fn say_missing(what: &str, report: &RestoreReport) -> String {
    for cause in &report.causes {
        say_cause(cause, report);
    }
    for table in report.incomplete_tables() {
        if let Some(archived) = table.archived {
            say(format_args!(
                "error: {}: {} of {archived} rows are loaded",
                table.name, table.loaded
            ));
        }
    }
    let analysis = report.analysis.iter();
    for failure in analysis.flat_map(|analysis| &analysis.failures) {
        say(format_args!("error: could not analyze: {failure}"));
    }
    let mut end = match report.failures.len() {
        0 => format!("{what} is not complete"),
        1 => format!("{what} is not complete: the server refused 1 statement"),
        refused => format!("{what} is not complete: the server refused {refused} statements"),
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
    end
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
