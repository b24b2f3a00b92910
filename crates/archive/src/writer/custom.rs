//! Writes the custom format: blocks of chunks in one file.

use std::io::Write;

use crate::{
    Error, Format, Header, Result,
    format::{
        chunk::{BLOCK_BLOBS, BLOCK_DATA},
        primitives::int,
    },
    writer::{
        PlannedBlock,
        held_back::HeldBack,
        patch::{Patch, Rewind},
    },
};

/// An output, and how far it has been written.
pub(crate) struct CustomTarget<W: Write> {
    output: HeldBack<W>,
    position: u64,
    /// The table of contents to write again with the offsets in it, for an output that can seek.
    patch: Option<Patch<W>>,
    /// Whether there is a block, and so an offset.
    has_blocks: bool,
}

impl<W: Write> CustomTarget<W> {
    /// Writes what is in front of the blocks.
    pub(crate) fn start(
        output: W,
        header: &Header,
        toc: Vec<u8>,
        rewind: Option<Rewind<W>>,
    ) -> Result<Self> {
        let mut target = CustomTarget {
            output: HeldBack::new(output),
            position: 0,
            patch: None,
            has_blocks: false,
        };
        target.put(&header.encode(Format::Custom))?;
        let toc_at = target.position;
        target.put(&toc)?;
        target.patch = rewind.map(|rewind| Patch::new(toc, toc_at, rewind));
        Ok(target)
    }

    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    pub(crate) fn begin_block(&mut self, block: &PlannedBlock) -> Result<()> {
        if let (Some(patch), Some(offset_at)) = (&mut self.patch, block.offset_at) {
            patch.set(offset_at, self.position);
        }
        self.has_blocks = true;
        let kind = if block.holds_blobs {
            BLOCK_BLOBS
        } else {
            BLOCK_DATA
        };
        self.put(&[kind])?;
        self.put(&int(block.dump_id))
    }

    pub(crate) fn begin_blob(&mut self, oid: u32) -> Result<()> {
        // Oids above the range of i32 go through the sign byte, as pg_dump's conversion makes them.
        self.put(&int(oid as i32))
    }

    pub(crate) fn put_chunk(&mut self, payload: &[u8]) -> Result<()> {
        let length = i32::try_from(payload.len()).expect("payloads were checked to fit an int");
        self.put(&int(length))?;
        self.put(payload)
    }

    pub(crate) fn end_stream(&mut self) -> Result<()> {
        self.put(&int(0))
    }

    pub(crate) fn end_blobs(&mut self) -> Result<()> {
        // Oid 0 ends a block of large objects.
        self.put(&int(0))
    }

    pub(crate) fn finish(self) -> Result<(W, u64)> {
        let position = self.position;
        let write_error = |source| Error::Write {
            offset: position,
            source,
        };
        let mut output = self.output.release().map_err(write_error)?;
        // Without blocks the offsets that stand in the table of contents are right already.
        if let Some(patch) = self.patch.filter(|_| self.has_blocks) {
            patch.apply(&mut output, position).map_err(write_error)?;
        }
        output.flush().map_err(write_error)?;
        Ok((output, position))
    }

    fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.output.put(bytes).map_err(|source| Error::Write {
            offset: self.position,
            source,
        })?;
        self.position += bytes.len() as u64;
        Ok(())
    }
}
