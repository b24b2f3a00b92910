//! What a dump says on standard error while it runs: a progress bar on a terminal, nothing elsewhere unless something is wrong, more where
//! that is asked for.

use std::io::IsTerminal;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{BinaryBytes, FormattedDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};
use pgdumprs::{Event, Progress};

use crate::args::telling::ProgressWhen;
use crate::message::{say, visible};
use crate::verbose;

/// Columns that a terminal has at least for a bar to be drawn beside the figures.
const ROOM_FOR_BAR: u16 = 50;

/// How long a dump has to run before the time that is left is guessed at.
const GUESSABLE: Duration = Duration::from_secs(1);

/// How often a line says how far the dump is, where there is no bar. What is done before says nothing, as pg_dump does.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// How much is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verbosity {
    /// Nothing.
    Quiet,
    /// Warnings.
    Normal,
    /// Warnings, and what is being done.
    Verbose,
}

/// Says how a dump goes.
pub(crate) struct Teller {
    verbosity: Verbosity,
    /// Whether somebody watches, or wants to read of a dump that goes well.
    has_reader: bool,
    bar: Option<Bar>,
    lines: Option<Lines>,
}

impl Teller {
    pub(crate) fn new(verbosity: Verbosity, progress: ProgressWhen) -> Self {
        let is_wanted = verbosity != Verbosity::Quiet && progress != ProgressWhen::Never;
        let has_bar = is_wanted && is_capable_terminal();
        let has_reader = std::io::stderr().is_terminal()
            || verbosity == Verbosity::Verbose
            || progress == ProgressWhen::Always;
        let has_lines = is_wanted && has_reader && !has_bar;
        Self {
            verbosity,
            has_reader,
            bar: has_bar.then(Bar::new),
            lines: has_lines.then(Lines::new),
        }
    }

    /// Says what has happened.
    pub(crate) fn tell(&mut self, event: &Event) {
        // What might be done better is no reason to mail anybody every night.
        let is_idle = matches!(event, Event::Hint(_)) && !self.has_reader;
        if self.verbosity == Verbosity::Quiet || is_idle {
            return;
        }
        if let Some(line) = verbose::line(event, self.verbosity == Verbosity::Verbose) {
            let print = || say(&line);
            match &self.bar {
                Some(bar) => bar.bar.suspend(print),
                None => print(),
            }
        }
        if let Some(bar) = &mut self.bar {
            bar.tell(event);
        }
        if let Some(lines) = &mut self.lines {
            lines.tell(event);
        }
    }
}

/// Whether standard error is a terminal that can go back in a line.
fn is_capable_terminal() -> bool {
    std::io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
}

/// A progress bar, gone when it is dropped.
struct Bar {
    bar: ProgressBar,
    /// When data began to come.
    began: Instant,
    /// The table whose data began to come last.
    table: String,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{wide_msg}"));
        Self {
            bar,
            began: Instant::now(),
            table: String::new(),
        }
    }

    fn tell(&mut self, event: &Event) {
        match event {
            Event::Planned { .. } => {
                self.began = Instant::now();
                let (_, columns) = Term::stderr().size();
                if columns >= ROOM_FOR_BAR {
                    self.bar
                        .set_style(style("{bar:20} {percent:>3}% {wide_msg}"));
                }
            }
            Event::TableStarted { name, .. } => {
                self.table = visible(&name.to_string());
            }
            Event::Progress(progress) => {
                self.bar.set_length(progress.disk_bytes_planned);
                self.bar.set_position(progress.disk_bytes);
                let figures = figures(progress, self.began.elapsed());
                let table = &self.table;
                self.bar.set_message(format!("{figures} {table}"));
            }
            Event::TableFinished(_)
            | Event::LargeObjectsFinished { .. }
            | Event::Warning(_)
            | Event::Notice(_)
            | Event::Hint(_) => {}
            event => {
                if let Some(line) = verbose::line(event, true) {
                    self.bar.set_message(visible(&line));
                    self.bar.tick();
                }
            }
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// Lines in place of a bar.
struct Lines {
    /// When data began to come.
    began: Instant,
    /// When the last line was said.
    last: Instant,
}

impl Lines {
    fn new() -> Self {
        let now = Instant::now();
        Self {
            began: now,
            last: now,
        }
    }

    fn tell(&mut self, event: &Event) {
        match event {
            Event::Planned { .. } => *self = Self::new(),
            Event::Progress(progress) if self.last.elapsed() >= BETWEEN_LINES => {
                self.last = Instant::now();
                let percent = progress.fraction() * 100.0;
                let figures = figures(progress, self.began.elapsed());
                say(format_args!("{percent:.0}%, {figures}"));
            }
            _ => {}
        }
    }
}

/// A style whose line is cut where the terminal ends.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

/// Tables, bytes, rate and the time that is left.
fn figures(progress: &Progress, elapsed: Duration) -> String {
    let seconds = elapsed.as_secs_f64();
    let rate = progress.raw_bytes as f64 / seconds.max(0.001);
    let mut figures = format!(
        "{}/{} tables, {}, {}/s",
        progress.tables,
        progress.tables_planned,
        BinaryBytes(progress.raw_bytes),
        BinaryBytes(rate as u64),
    );
    let fraction = progress.fraction();
    if elapsed >= GUESSABLE && fraction > 0.0 {
        let left = seconds * (1.0 - fraction) / fraction;
        // What is far away is not worth a guess in hours.
        if let Ok(left) = Duration::try_from_secs_f64(left.ceil()) {
            figures.push_str(&format!(", {} left", FormattedDuration(left)));
        }
    }
    figures
}
