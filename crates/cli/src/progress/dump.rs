//! What a dump says while it runs.

use pgdumprs::{Event, Progress};

use crate::args::telling::ProgressWhen;
use crate::progress::{Meter, Standing, Verbosity};
use crate::verbose;

/// Says how a dump goes.
pub(crate) struct Teller {
    verbosity: Verbosity,
    meter: Meter,
}

impl Teller {
    pub(crate) fn new(verbosity: Verbosity, progress: ProgressWhen) -> Self {
        Self {
            verbosity,
            meter: Meter::new(verbosity, progress),
        }
    }

    /// Says what has happened.
    pub(crate) fn tell(&mut self, event: &Event) {
        // What might be done better is no reason to mail anybody every night.
        let is_idle = matches!(event, Event::Hint(_)) && !self.meter.has_reader;
        if self.verbosity == Verbosity::Quiet || is_idle {
            return;
        }
        if let Some(line) = verbose::line(event, self.verbosity == Verbosity::Verbose) {
            self.meter.say(line);
        }
        match event {
            Event::Planned { .. } => self.meter.begin(),
            Event::TableStarted { name, .. } => self.meter.name(&name.to_string()),
            Event::Progress(progress) => self.meter.update(&Standing::from(progress)),
            Event::TableFinished(_)
            | Event::LargeObjectsFinished { .. }
            | Event::Warning(_)
            | Event::Notice(_)
            | Event::Hint(_) => {}
            event => {
                if let Some(line) = verbose::line(event, true) {
                    self.meter.stage(&line);
                }
            }
        }
    }
}

impl From<&Progress> for Standing {
    fn from(progress: &Progress) -> Self {
        Self {
            fraction: progress.fraction(),
            counted: format!("{}/{} tables", progress.tables, progress.tables_planned),
            bytes: progress.raw_bytes,
        }
    }
}
