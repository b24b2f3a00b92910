//! A file that is being written, which may have to be emptied first.

use std::fs::File;
use std::io::{self, IoSlice, Seek, SeekFrom, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Whether a file that is written in place has lost what was in it. Clones are one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Emptied(Arc<AtomicBool>);

impl Emptied {
    pub(crate) fn is_so(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// A file that is being written. One that is written in place is emptied by the first write, so that whatever fails before that leaves it
/// as it was.
#[derive(Debug)]
pub(crate) struct OutputFile {
    file: File,
    /// Tells that it was emptied; nothing where it need not be any more.
    to_empty: Option<Emptied>,
}

impl OutputFile {
    /// A file that is empty.
    pub(crate) fn new(file: File) -> Self {
        let to_empty = None;
        Self { file, to_empty }
    }

    /// A file that may hold something.
    pub(crate) fn in_place(file: File, emptied: Emptied) -> Self {
        let to_empty = Some(emptied);
        Self { file, to_empty }
    }

    /// The file, when all was written.
    pub(crate) fn into_inner(self) -> File {
        self.file
    }

    fn empty(&mut self) -> io::Result<()> {
        if let Some(emptied) = self.to_empty.take() {
            emptied.0.store(true, Ordering::Relaxed);
            self.file.set_len(0)?;
        }
        Ok(())
    }
}

impl Write for OutputFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.empty()?;
        self.file.write(bytes)
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.empty()?;
        self.file.write_vectored(slices)
    }

    /// A dump of nothing empties the file too.
    fn flush(&mut self) -> io::Result<()> {
        self.empty()?;
        self.file.flush()
    }
}

impl Seek for OutputFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
