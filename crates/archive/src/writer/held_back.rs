//! Output that is not complete before its writer says so.

use std::io::{self, ErrorKind, IoSlice, Write};

/// Bytes that are gathered before they are written together.
const CAPACITY: usize = 64 << 10;

/// Bytes that are worth a write of their own, together with what was gathered before them, rather than a copy.
const LARGE: usize = 16 << 10;

/// Gathers small writes, and keeps at least the last byte back until [`release`](Self::release).
///
/// Where data has been written and a dump fails all the same, what a pipe's reader got must be a truncated archive. So,
/// unlike [`io::BufWriter`], it also writes nothing when it is dropped.
///
/// Writing to it is as with any output; flushing it does nothing, since what is kept back stays.
pub struct HeldBack<W> {
    output: W,
    kept: Vec<u8>,
}

impl<W: Write> HeldBack<W> {
    /// Begins to write to `output`.
    pub fn new(output: W) -> Self {
        Self {
            output,
            kept: Vec::with_capacity(CAPACITY),
        }
    }

    /// Writes `bytes`, or gathers them. After an error nobody knows how much was written.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        let Some((last, most)) = bytes.split_last() else {
            return Ok(());
        };
        if bytes.len() >= LARGE {
            self.write_with(most)?;
            self.kept.push(*last);
            return Ok(());
        }
        if self.kept.len() + bytes.len() > CAPACITY {
            self.write_with(&[])?;
        }
        self.kept.extend_from_slice(bytes);
        Ok(())
    }

    /// The output.
    pub fn get_ref(&self) -> &W {
        &self.output
    }

    /// Writes what was gathered but for the last byte, and gives the output with the number of bytes that it lacks, to be left where it stands.
    pub(crate) fn settle(&mut self) -> io::Result<(&mut W, u64)> {
        let last = self.kept.pop();
        self.write_with(&[])?;
        self.kept.extend(last);
        Ok((&mut self.output, self.kept.len() as u64))
    }

    /// Writes what was kept back, and gives the output, which is not flushed.
    ///
    /// # Errors
    /// Whatever the output reports.
    pub fn release(mut self) -> io::Result<W> {
        self.write_with(&[])?;
        Ok(self.output)
    }

    /// Writes what was kept back, and `bytes` behind it, in one go where the output can.
    fn write_with(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut slices = &mut [IoSlice::new(&self.kept), IoSlice::new(bytes)][..];
        // What is empty must go: a write of nothing looks like an output that takes nothing.
        IoSlice::advance_slices(&mut slices, 0);
        while !slices.is_empty() {
            match self.output.write_vectored(slices) {
                Ok(0) => return Err(ErrorKind::WriteZero.into()),
                Ok(written) => IoSlice::advance_slices(&mut slices, written),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        self.kept.clear();
        Ok(())
    }
}

impl<W: Write> Write for HeldBack<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.put(bytes)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_comes_with_the_release_whatever_the_sizes() {
        for sizes in [
            &[1][..],
            &[CAPACITY],
            &[CAPACITY + 1],
            &[CAPACITY, 1],
            &[CAPACITY, CAPACITY],
            &[10, 3 * CAPACITY, 0],
            &[CAPACITY - 1, 1, 1, CAPACITY + 1],
        ] {
            let mut written = Vec::new();
            let mut output = HeldBack::new(&mut written);
            let mut expected = Vec::new();
            for (byte, &size) in (0..).zip(sizes) {
                output.put(&vec![byte; size]).unwrap();
                expected.extend(vec![byte; size]);
            }
            drop(output);
            assert!(written.len() < expected.len(), "{sizes:?}");
            assert_eq!(written, expected[..written.len()], "{sizes:?}");

            let mut output = HeldBack::new(Vec::new());
            for (byte, &size) in (0..).zip(sizes) {
                output.put(&vec![byte; size]).unwrap();
            }
            assert_eq!(output.release().unwrap(), expected, "{sizes:?}");
        }
    }
}
