//! An output whose bytes are counted.

use std::io::{self, Write};

use crate::writing::Pace;

/// Counts what is written, and lets it be noticed that the output takes nothing.
pub(crate) struct Counted<W> {
    output: W,
    bytes: u64,
    pace: Pace,
}

impl<W> Counted<W> {
    pub(crate) fn new(output: W, pace: Pace) -> Self {
        Self {
            output,
            bytes: 0,
            pace,
        }
    }

    /// How many bytes the output has taken.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes
    }

    pub(crate) fn into_inner(self) -> W {
        self.output
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.pace.time(|| self.output.write(bytes))?;
        self.bytes += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
