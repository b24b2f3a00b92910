//! Going back in an output that can seek: to fill in the data offsets when an archive is complete, and a member's length when it is.

use std::io::{self, Seek, SeekFrom, Write};

use crate::{DataOffset, format::primitives::offset};

/// How to write once more what an archive holds further up.
pub(crate) struct Rewind<W> {
    /// Where the archive begins in the output.
    base: u64,
    /// How the output seeks, taken down where its type is still known to be [`Seek`], so that one writer type serves
    /// outputs of both kinds.
    seek: fn(&mut W, SeekFrom) -> io::Result<u64>,
}

impl<W: Write + Seek> Rewind<W> {
    /// For an archive that begins where `output` stands now.
    pub(crate) fn begin(output: &mut W) -> io::Result<Self> {
        let base = output.stream_position()?;
        Ok(Rewind {
            base,
            seek: W::seek,
        })
    }
}

impl<W: Write> Rewind<W> {
    /// Writes bytes that begin `at` bytes into the archive, and goes to where it ends so far.
    pub(crate) fn write(&self, output: &mut W, at: u64, bytes: &[u8], end: u64) -> io::Result<()> {
        (self.seek)(output, SeekFrom::Start(self.base + at))?;
        output.write_all(bytes)?;
        (self.seek)(output, SeekFrom::Start(self.base + end))?;
        Ok(())
    }
}

/// The table of contents once more, to be written over itself with the offsets in it.
///
/// The bytes are kept, not the entries: only the nine of each offset differ, and what is written the second time cannot
/// have another length than the first.
pub(crate) struct Patch<W> {
    toc: Vec<u8>,
    /// Where the table of contents begins in the archive.
    toc_at: u64,
    rewind: Rewind<W>,
}

impl<W: Write> Patch<W> {
    /// For the table of contents, which stands `toc_at` bytes into the archive.
    pub(crate) fn new(toc: Vec<u8>, toc_at: u64, rewind: Rewind<W>) -> Self {
        Patch {
            toc,
            toc_at,
            rewind,
        }
    }

    /// Notes that the block whose offset field stands at `field_at` in the table of contents begins at `position`.
    pub(crate) fn set(&mut self, field_at: usize, position: u64) {
        let field = offset(DataOffset::Set(position));
        self.toc[field_at..][..field.len()].copy_from_slice(&field);
    }

    /// Writes the table of contents again and goes back to the archive's end.
    pub(crate) fn apply(self, output: &mut W, end: u64) -> io::Result<()> {
        self.rewind.write(output, self.toc_at, &self.toc, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_offsets_change() {
        let mut output = io::Cursor::new(b"##head123456789tail".to_vec());
        output.set_position(2);
        let rewind = Rewind::begin(&mut output).unwrap();
        let mut patch = Patch::new(b"123456789ta".to_vec(), 4, rewind);
        patch.set(0, 0x31);
        patch.apply(&mut output, 17).unwrap();
        assert_eq!(output.position(), 19);
        assert_eq!(output.into_inner(), b"##head\x02\x31\0\0\0\0\0\0\0tail");
    }
}
