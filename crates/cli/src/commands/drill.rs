//! `pgdumprs drill`: restores an archive into a database of its own, compares both, and drops the database.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, bail};
use clap::{Args, ValueHint};
use pgdumprs::{Drill, DrillDatabase, DrillEvent, DrillReport};

use crate::args::connection::ServerArgs;
use crate::args::encryption::IdentityArgs;
use crate::args::telling::{TellingArgs, reports};
use crate::commands::archive;
use crate::commands::sizes::bytes;
use crate::message::{say, visible};
use crate::output::print;
use crate::progress::Verbosity;
use crate::progress::restore::{Teller, adapted, compared_with_archive};
use crate::report::ReportSink;
use crate::report::drill::JsonDrill;
use crate::report::seconds;
use crate::signal;

/// What a drill's report has.
const REPORT: &str = "\
Print the record for programs, rather than for people

It is a line of JSON on standard output, or in the report's file beside the record for people. docs/drill.md has its fields.";

#[derive(Debug, Args)]
#[command(mut_args(reports(REPORT)))]
pub(crate) struct DrillArgs {
    /// Archive to prove: a file in the custom or tar format, also s3://, gs:// or az://, or a folder in the directory format
    #[arg(value_name = "FILE", value_hint = ValueHint::AnyPath)]
    file: PathBuf,

    #[command(flatten)]
    telling: TellingArgs,

    /// Ask the restored database the SQL statements in this file, each of which must give one row whose only column is true; may be given
    /// several times
    ///
    /// They are separated by semicolons, and asked in sessions that only read, each in one of its own, with names as search_path finds them.
    #[arg(long = "assert", value_name = "FILE", value_hint = ValueHint::FilePath, help_heading = "Running the drill")]
    assertions: Vec<PathBuf>,

    /// Connections that restore at the same time; by default one for each CPU, and eight at most
    #[arg(short, long, value_name = "NUM", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Running the drill")]
    jobs: Option<u16>,

    /// Keep the database that was made; the record has its name
    #[arg(long, help_heading = "Running the drill")]
    keep: bool,

    #[command(flatten)]
    encryption: IdentityArgs,

    #[command(flatten)]
    adapt: super::restore::AdaptArgs,

    /// Server of the drill: a database to be connected to while the drill's is made and dropped, as a name, a connection URI or
    /// key=value pairs
    ///
    /// Nothing is changed in it. The role needs CREATEDB.
    #[arg(long, value_name = "DBNAME", value_hint = ValueHint::Other, required = true, help_heading = "Connection options")]
    on: String,

    #[command(flatten)]
    server: ServerArgs,
}

/// Makes a drill as `args` say, and prints its record.
pub(crate) fn run(args: &DrillArgs) -> anyhow::Result<()> {
    let sink = args.telling.report(true)?;
    let archive = archive::source(&args.file, &args.encryption)?;
    let mut drill = Drill::with_params(args.server.params(Some(&args.on))?)
        .keep(args.keep)
        .assertions(args.assertions()?);
    // Without a word about it, everything that can be adapted is.
    if args.adapt.is_given() {
        drill = drill.adapt(args.adapt.adapt()?);
    }
    if let Some(jobs) = args.jobs {
        drill = drill.jobs(jobs.into());
    }
    let telling = &args.telling;
    let mut teller = Teller::new(telling.verbosity(), telling.progress(), false);
    let is_verbose = telling.verbosity() == Verbosity::Verbose;
    let is_quiet = telling.verbosity() == Verbosity::Quiet;
    let drill = drill.watch(move |event| match event {
        DrillEvent::Restore(event) => teller.tell(&event),
        DrillEvent::LeftOver(name) if !is_quiet => teller.say(&format!(
            "warning: the database \"{name}\" is of an earlier drill, and nobody is connected to it: DROP DATABASE \"{name}\", where that runs no more"
        )),
        DrillEvent::Began(phase) if is_verbose => teller.say(&format!("drill: {}", phase.name())),
        DrillEvent::Made(name) if is_verbose => teller.say(&format!("made the database \"{name}\"")),
        DrillEvent::Compared(comparison) if is_verbose => teller.say(&compared_with_archive(&comparison)),
        _ => {}
    });
    let (report, signal) = signal::run_to_its_end("drill", |stop| {
        let drill = drill.stop_when(async move {
            // Nobody is there to ask any more only where the drill is over.
            if stop.await.is_err() {
                std::future::pending().await
            }
        });
        async { Ok(drill.run_source(&archive).await?) }
    })
    .with_context(|| archive::name(&args.file))?;
    // First of all: what follows may fail.
    if let DrillDatabase::Left(error) = &report.fate {
        say(format_args!(
            "error: could not drop the database \"{0}\": {error}; drop it: DROP DATABASE \"{0}\" WITH (FORCE)",
            report.database
        ));
    }
    let is_alone = sink.as_ref().is_some_and(ReportSink::is_output);
    if let Some(sink) = sink {
        sink.write(&JsonDrill::from(&report), "the drill has ended")?;
    }
    if !is_alone {
        print_record(&report)?;
    }
    match signal {
        Some(signal) => Err(signal.before("drill")),
        None if report.holds() => Ok(()),
        None => bail!(
            "{} is not proved: the record has the reasons",
            archive::name(&args.file)
        ),
    }
}

impl DrillArgs {
    /// What the files of assertions hold, one behind the other.
    fn assertions(&self) -> anyhow::Result<String> {
        let mut all = String::new();
        for file in &self.assertions {
            let text = fs::read_to_string(file)
                .with_context(|| format!("could not read \"{}\"", file.display()))?;
            all.push_str(&text);
            all.push_str("\n;");
        }
        Ok(all)
    }
}

/// Prints the record, for people.
fn print_record(report: &DrillReport) -> anyhow::Result<()> {
    let found = &report.archive;
    let text = |text: &Option<pgdumprs::BString>| {
        text.as_ref()
            .map_or("(unknown)".to_owned(), ToString::to_string)
    };
    let mut lines = vec![
        ("archive", archive::name(&found.path)),
        (
            "size",
            format!("{} bytes ({})", found.bytes, bytes(found.bytes)),
        ),
        ("SHA-256", found.sha256.clone()),
        ("made", pgdumprs::created_text(found.created)),
        (
            "of",
            format!(
                "database \"{}\" on PostgreSQL {}",
                text(&found.database),
                text(&found.server_version)
            ),
        ),
        (
            "holds",
            format!(
                "{} tables with {} rows, {} large objects",
                found.tables, found.rows, found.large_objects
            ),
        ),
        (
            "restored on",
            format!("PostgreSQL {}", report.server_version),
        ),
        (
            "begun",
            jiff::Timestamp::try_from(report.begun)
                .map_or(String::new(), |time| time.strftime("%F %T UTC").to_string()),
        ),
    ];
    for adaptation in &report.database_adaptations {
        lines.push(("adapted", adaptation.clone()));
    }
    if let Some(restore) = &report.restore {
        let told = restore.adaptations.iter().map(adapted);
        lines.extend(told.map(|line| ("adapted", line.trim_start_matches("adapted: ").to_owned())));
        for failure in &restore.failures {
            lines.push(("refused", format!("{}: {}", failure.entry, failure.error)));
        }
        for unreached in &restore.not_reached {
            lines.push(("not reached", unreached.name.to_string()));
        }
        if let Some(analysis) = &restore.analysis {
            let failures = analysis.failures.iter();
            lines.extend(failures.map(|failure| ("not analyzed", failure.clone())));
        }
    }
    let equal = report.comparisons.len() - report.doubtful().count();
    lines.push((
        "compared",
        format!(
            "{equal} of {} are equal to the archive",
            report.comparisons.len()
        ),
    ));
    let doubtful = report.doubtful().map(compared_with_archive);
    lines.extend(doubtful.map(|line| ("not equal", line)));
    let holding = report.assertions.iter().filter(|one| one.failure.is_none());
    lines.push((
        "assertions",
        format!("{} of {} hold", holding.count(), report.assertions.len()),
    ));
    for assertion in &report.assertions {
        if let Some(failure) = &assertion.failure {
            lines.push(("fails", format!("{}: {failure}", assertion.statement)));
        }
    }
    lines.extend(
        report
            .failures
            .iter()
            .map(|failure| ("failure", failure.clone())),
    );
    let phases: Vec<String> = report
        .phases
        .iter()
        .map(|(phase, elapsed)| format!("{} {:.1} s", phase.name(), seconds(*elapsed)))
        .collect();
    lines.push(("times", phases.join(", ")));
    lines.push((
        "database",
        match &report.fate {
            DrillDatabase::Kept => format!("\"{}\", kept", report.database),
            DrillDatabase::Left(_) => format!("\"{}\", not dropped", report.database),
            _ => format!("\"{}\", dropped", report.database),
        },
    ));
    let verdict = match report.holds() {
        true => "everything holds",
        false => "NOT PROVED",
    };
    lines.push(("verdict", verdict.to_owned()));
    print(|output| {
        for (what, found) in &lines {
            let found: Vec<&str> = found.split_whitespace().collect();
            writeln!(output, "{what:12}  {}", visible(&found.join(" ")))?;
        }
        Ok(())
    })
}
