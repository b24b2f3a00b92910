//! Output that is not complete before its writer says so.

use std::io::{self, Write};

/// Bytes that are gathered before they are written together.
const CAPACITY: usize = 64 << 10;

/// Gathers small writes, and keeps at least the last byte back until [`release`](Self::release).
///
/// Where data has been written and a dump fails all the same, what a pipe's reader got must be a truncated archive. So,
/// unlike [`io::BufWriter`], it also writes nothing when it is dropped.
pub(crate) struct HeldBack<W> {
    output: W,
    kept: Vec<u8>,
}

impl<W: Write> HeldBack<W> {
    pub(crate) fn new(output: W) -> Self {
        Self {
            output,
            kept: Vec::with_capacity(CAPACITY),
        }
    }

    /// Writes `bytes`, or gathers them. After an error nobody knows how much was written.
    pub(crate) fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        if self.kept.len() + bytes.len() <= CAPACITY {
            self.kept.extend_from_slice(bytes);
            return Ok(());
        }
        self.write_kept()?;
        let mut rest = bytes;
        if bytes.len() > CAPACITY {
            let (most, last) = bytes.split_at(bytes.len() - 1);
            self.output.write_all(most)?;
            rest = last;
        }
        self.kept.extend_from_slice(rest);
        Ok(())
    }

    /// Writes what was kept back, and gives the output, which is not flushed.
    pub(crate) fn release(mut self) -> io::Result<W> {
        self.write_kept()?;
        Ok(self.output)
    }

    fn write_kept(&mut self) -> io::Result<()> {
        self.output.write_all(&self.kept)?;
        self.kept.clear();
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
