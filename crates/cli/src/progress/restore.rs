//! What a restore says while it runs.

use bstr::ByteSlice;
use pgdumprs::{
    AdaptedEntry, ComparedKind, Comparison, Event, Failure, RestoreEvent, RestoreProgress,
};

use crate::args::telling::ProgressWhen;
use crate::progress::{Meter, Standing, Verbosity};
use crate::verbose;

/// How much of a statement is shown, in letters.
const SHOWN: usize = 300;

/// Says how a restore goes.
pub(crate) struct Teller {
    verbosity: Verbosity,
    /// Whether each failure is said when it comes, rather than the first of each cause.
    says_all: bool,
    meter: Meter,
}

impl Teller {
    /// `says_all` says whether each failure is said when it comes, rather than the first of each cause; with `-v` each is.
    pub(crate) fn new(verbosity: Verbosity, progress: ProgressWhen, says_all: bool) -> Self {
        Self {
            verbosity,
            says_all: says_all || verbosity == Verbosity::Verbose,
            meter: Meter::new(verbosity, progress),
        }
    }

    /// Says what has happened.
    pub(crate) fn tell(&mut self, event: &RestoreEvent) {
        if let Some(line) = self.line(event) {
            self.meter.say(line);
        }
        match event {
            RestoreEvent::Connected { .. } => self.meter.stage("asking what is in the way"),
            RestoreEvent::Began { .. } => self.meter.begin(),
            RestoreEvent::EntryStarted { object, .. } => self.meter.name(&object.to_string()),
            RestoreEvent::Analyzing => self.meter.stage("gathering statistics"),
            RestoreEvent::Progress(progress) => self.meter.update(&Standing::from(progress)),
            _ => {}
        }
    }

    /// Says a line, above the bar where there is one.
    pub(crate) fn say(&mut self, line: &str) {
        self.meter.say(line);
    }

    /// Says what happens on the side that a clone reads: how far that is, the other side tells.
    pub(crate) fn tell_source(&mut self, event: &Event) {
        let is_idle = matches!(event, Event::Hint(_)) && !self.meter.has_reader;
        if self.verbosity == Verbosity::Quiet || is_idle || matches!(event, Event::Planned { .. }) {
            return;
        }
        let is_verbose = self.verbosity == Verbosity::Verbose;
        match (verbose::line(event, is_verbose), verbose::line(event, true)) {
            (Some(line), _) => self.meter.say(format_args!("source: {line}")),
            (None, Some(stage)) => self.meter.stage(&stage),
            (None, None) => {}
        }
    }

    /// Says that a clone is about to be compared with its source.
    pub(crate) fn tell_verifying(&mut self) {
        self.meter.stage("comparing both sides");
        if self.verbosity == Verbosity::Verbose {
            self.meter.say("comparing both sides");
        }
    }

    /// Says what came of a comparison; where it is not equal, the end says so.
    pub(crate) fn tell_compared(&mut self, comparison: &Comparison) {
        if self.verbosity == Verbosity::Verbose && comparison.is_equal() == Some(true) {
            self.meter.say(compared(comparison));
        }
    }

    /// What is said of an event: of errors always, of warnings and adaptations unless it is to be quiet, of everything else where that is asked for.
    fn line(&self, event: &RestoreEvent) -> Option<String> {
        let is_verbose = self.verbosity == Verbosity::Verbose;
        Some(match event {
            RestoreEvent::Failed {
                failure, is_new, ..
            } if *is_new || self.says_all => refused(failure),
            _ if self.verbosity == Verbosity::Quiet => return None,
            RestoreEvent::Warning(text) => format!("warning: {text}"),
            RestoreEvent::Adapted(entry) => adapted(entry),
            _ if !is_verbose => return None,
            RestoreEvent::Notice(text) => format!("notice: {text}"),
            RestoreEvent::Connected { server_version, .. } => {
                format!("connected to PostgreSQL {server_version}")
            }
            RestoreEvent::Began {
                entries, tables, ..
            } => format!("{entries} entries are to be made, with the data of {tables} tables"),
            RestoreEvent::EntryStarted {
                descriptor,
                object,
                is_dropped,
                ..
            } => match descriptor.as_slice() {
                _ if *is_dropped => format!("dropping {descriptor} \"{object}\""),
                b"TABLE DATA" => format!("processing data for table \"{object}\""),
                b"BLOBS" => "processing large objects".to_owned(),
                b"BLOB METADATA" | b"SEQUENCE SET" | b"STATISTICS DATA" => {
                    format!("executing {descriptor} \"{object}\"")
                }
                _ => format!("creating {descriptor} \"{object}\""),
            },
            RestoreEvent::Analyzing => "gathering statistics".to_owned(),
            RestoreEvent::TableFinished(table) => {
                format!("loaded {} rows into {}", table.loaded, table.name)
            }
            _ => return None,
        })
    }
}

impl From<&RestoreProgress> for Standing {
    fn from(progress: &RestoreProgress) -> Self {
        Self {
            fraction: progress.fraction(),
            counted: format!(
                "{}/{} entries, {}/{} tables",
                progress.entries,
                progress.entries_planned,
                progress.tables,
                progress.tables_planned
            ),
            bytes: progress.bytes,
        }
    }
}

/// What the server refused, of which entry, and with which statement.
fn refused(failure: &Failure) -> String {
    let of = match failure.entry.is_empty() {
        true => String::new(),
        false => format!("{}: ", failure.entry),
    };
    let statement = beginning(&failure.statement);
    format!(
        "error: {of}{}; the statement was: {statement}",
        failure.error
    )
}

/// A statement in one line, cut where it is long.
fn beginning(statement: &[u8]) -> String {
    let text = statement.to_str_lossy();
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(SHOWN) {
        words.truncate(at);
        words.push('…');
    }
    words
}

/// What came of a comparison of both sides.
pub(crate) fn compared(comparison: &Comparison) -> String {
    compared_as(comparison, ("on the source", "on the target"))
}

/// What came of a comparison of an archive with what was restored of it.
pub(crate) fn compared_with_archive(comparison: &Comparison) -> String {
    compared_as(comparison, ("in the archive", "restored"))
}

/// What came of a comparison of sides that are called so.
fn compared_as(comparison: &Comparison, (here, there): (&str, &str)) -> String {
    let name = &comparison.name;
    let what = match comparison.kind {
        ComparedKind::Table => format!("{name}"),
        ComparedKind::LargeObjects => format!("large objects {name}"),
        _ => format!("sequence {name}"),
    };
    let (Some(source), Some(target)) = (comparison.source, comparison.target) else {
        return format!("{what}: could not be compared");
    };
    match (comparison.kind, comparison.is_equal() == Some(true)) {
        (ComparedKind::Table, true) => format!("{what}: {} rows are equal", source.count),
        (_, true) => format!("{what}: equal"),
        (ComparedKind::Table, false) if source.count == target.count => {
            format!(
                "{what}: {} rows on both sides, and they are not the same",
                source.count
            )
        }
        (ComparedKind::Table, false) => format!(
            "{what}: {} rows {here}, and {} {there}",
            source.count, target.count
        ),
        (ComparedKind::Sequence, false) => format!(
            "{what}: its value is {} {here}, and {} {there}",
            source.sum, target.sum
        ),
        (_, false) => format!("{what}: not the same"),
    }
}

/// An entry that is restored otherwise, and how.
pub(crate) fn adapted(entry: &AdaptedEntry) -> String {
    let adaptations: Vec<_> = entry.adaptations.iter().map(ToString::to_string).collect();
    format!("adapted: {}: {}", entry.name, adaptations.join("; "))
}
