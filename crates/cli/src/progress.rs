//! What a dump or a restore says on standard error while it runs: a progress bar on a terminal, nothing elsewhere unless something is wrong,
//! more where that is asked for.

pub(crate) mod dump;
pub(crate) mod restore;

use std::fmt::Display;
use std::io::IsTerminal;
use std::time::{Duration, Instant};

use console::Term;
use indicatif::{BinaryBytes, FormattedDuration, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::telling::ProgressWhen;
use crate::message::{say, visible};

/// Columns that a terminal has at least for a bar to be drawn beside the figures.
const ROOM_FOR_BAR: u16 = 50;

/// How long the work has to run before the time that is left is guessed at.
const GUESSABLE: Duration = Duration::from_secs(1);

/// How often a line says how far the work is, where there is no bar. What is done before says nothing, as pg_dump does.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// Steps that a bar has.
const STEPS: u64 = 10_000;

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

/// How far the work is.
struct Standing {
    /// What is done of it, from 0 to 1.
    fraction: f64,
    /// What has been counted, such as tables out of all tables.
    counted: String,
    /// Bytes of data.
    bytes: u64,
}

/// A bar, or lines in its place, or neither.
struct Meter {
    bar: Option<Bar>,
    lines: Option<Lines>,
    /// Whether somebody watches, or wants to read of work that goes well.
    has_reader: bool,
}

impl Meter {
    fn new(verbosity: Verbosity, progress: ProgressWhen) -> Self {
        let is_wanted = verbosity != Verbosity::Quiet && progress != ProgressWhen::Never;
        let has_bar = is_wanted && is_capable_terminal();
        let has_reader = std::io::stderr().is_terminal()
            || verbosity == Verbosity::Verbose
            || progress == ProgressWhen::Always;
        let has_lines = is_wanted && has_reader && !has_bar;
        Self {
            bar: has_bar.then(Bar::new),
            lines: has_lines.then(Lines::new),
            has_reader,
        }
    }

    /// Says a line, above the bar if there is one.
    fn say(&self, line: impl Display) {
        match &self.bar {
            Some(bar) => bar.bar.suspend(|| say(line)),
            None => say(line),
        }
    }

    /// Shows what is being done before there are figures.
    fn stage(&self, text: &str) {
        if let Some(bar) = &self.bar {
            bar.bar.set_message(visible(text));
            bar.bar.tick();
        }
    }

    /// Data begins to come.
    fn begin(&mut self) {
        if let Some(bar) = &mut self.bar {
            bar.begin();
        }
        if let Some(lines) = &mut self.lines {
            *lines = Lines::new();
        }
    }

    /// Names what stands behind the figures from now on.
    fn name(&mut self, name: &str) {
        if let Some(bar) = &mut self.bar {
            bar.name = visible(name);
        }
    }

    fn update(&mut self, standing: &Standing) {
        if let Some(bar) = &self.bar {
            bar.update(standing);
        }
        if let Some(lines) = &mut self.lines {
            lines.update(standing);
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
    /// What stands behind the figures.
    name: String,
}

impl Bar {
    fn new() -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        bar.set_style(style("{wide_msg}"));
        Self {
            bar,
            began: Instant::now(),
            name: String::new(),
        }
    }

    fn begin(&mut self) {
        self.began = Instant::now();
        let (_, columns) = Term::stderr().size();
        if columns >= ROOM_FOR_BAR {
            self.bar
                .set_style(style("{bar:20} {percent:>3}% {wide_msg}"));
        }
    }

    fn update(&self, standing: &Standing) {
        self.bar.set_length(STEPS);
        self.bar
            .set_position((standing.fraction * STEPS as f64) as u64);
        let figures = standing.figures(self.began.elapsed());
        let name = &self.name;
        self.bar.set_message(format!("{figures} {name}"));
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

    fn update(&mut self, standing: &Standing) {
        if self.last.elapsed() < BETWEEN_LINES {
            return;
        }
        self.last = Instant::now();
        let percent = standing.fraction * 100.0;
        let figures = standing.figures(self.began.elapsed());
        say(format_args!("{percent:.0}%, {figures}"));
    }
}

/// A style whose line is cut where the terminal ends.
fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .unwrap_or_else(|_| ProgressStyle::default_bar())
        .progress_chars("=> ")
}

impl Standing {
    /// What was counted, bytes, rate and the time that is left.
    fn figures(&self, elapsed: Duration) -> String {
        let seconds = elapsed.as_secs_f64();
        let rate = self.bytes as f64 / seconds.max(0.001);
        let mut figures = format!(
            "{}, {}, {}/s",
            self.counted,
            BinaryBytes(self.bytes),
            BinaryBytes(rate as u64),
        );
        if elapsed >= GUESSABLE && self.fraction > 0.0 {
            let left = seconds * (1.0 - self.fraction) / self.fraction;
            // What is far away is not worth a guess in hours.
            if let Ok(left) = Duration::try_from_secs_f64(left.ceil()) {
                figures.push_str(&format!(", {} left", FormattedDuration(left)));
            }
        }
        figures
    }
}
