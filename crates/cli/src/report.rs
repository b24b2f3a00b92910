//! What a dump or a restore came to, for machines.

pub(crate) mod clone;
pub(crate) mod drill;
pub(crate) mod dump;
pub(crate) mod plan;
pub(crate) mod prune;
pub(crate) mod restore;
pub(crate) mod servers;

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use serde::Serialize;

/// Where a report goes.
pub(crate) enum ReportSink {
    /// A file, opened beforehand so that nobody waits for hours to hear that it cannot be.
    File(File),
    /// Standard output, where nothing else goes there.
    Output,
    /// Standard error.
    Error,
}

impl ReportSink {
    /// The file if there is one, or else standard output if it is free.
    pub(crate) fn open(file: Option<&Path>, output_is_free: bool) -> anyhow::Result<Self> {
        match file {
            Some(path) => File::create(path).map(Self::File).with_context(|| {
                format!("could not create the report's file \"{}\"", path.display())
            }),
            None if output_is_free => Ok(Self::Output),
            None => Ok(Self::Error),
        }
    }

    /// Whether it goes to standard output.
    pub(crate) fn is_output(&self) -> bool {
        matches!(self, Self::Output)
    }

    /// Writes a report as one line of JSON. `done` says what it is about: where the report cannot be written, the error begins with it.
    pub(crate) fn write(self, report: &impl Serialize, done: &str) -> anyhow::Result<()> {
        let mut line = serde_json::to_vec(report).context("could not write the report")?;
        line.push(b'\n');
        let written = match self {
            Self::File(mut file) => file.write_all(&line),
            Self::Output => io::stdout().write_all(&line),
            Self::Error => io::stderr().write_all(&line),
        };
        written.with_context(|| format!("{done}, but its report could not be written"))
    }
}

/// Seconds, to the millisecond.
pub(crate) fn seconds(elapsed: Duration) -> f64 {
    (elapsed.as_secs_f64() * 1000.0).round() / 1000.0
}
