//! What a writer writes to, by the archive's format.

use std::io::Write;

use crate::{
    Result,
    writer::{PlannedBlock, custom::CustomTarget, folder::FolderTarget, tar::TarTarget},
};

/// An archive being written. Callers keep to the order that a [`Writer`](crate::Writer) sees to.
pub(crate) enum Target<W: Write> {
    Custom(CustomTarget<W>),
    Tar(TarTarget<W>),
    Folder(FolderTarget<W>),
}

impl<W: Write> Target<W> {
    /// Bytes written so far.
    pub(crate) fn position(&self) -> u64 {
        match self {
            Target::Custom(target) => target.position(),
            Target::Tar(target) => target.position(),
            Target::Folder(target) => target.position(),
        }
    }

    pub(crate) fn begin_block(&mut self, block: &PlannedBlock) -> Result<()> {
        match self {
            Target::Custom(target) => target.begin_block(block),
            Target::Tar(target) => {
                target.begin_block(block);
                Ok(())
            }
            Target::Folder(target) => target.begin_block(block),
        }
    }

    pub(crate) fn begin_blob(&mut self, oid: u32) -> Result<()> {
        match self {
            Target::Custom(target) => target.begin_blob(oid),
            Target::Tar(target) => target.begin_blob(oid),
            Target::Folder(target) => target.begin_blob(oid),
        }
    }

    /// Puts a payload into the open stream.
    pub(crate) fn put(&mut self, payload: &[u8]) -> Result<()> {
        match self {
            Target::Custom(target) => target.put_chunk(payload),
            Target::Tar(target) => target.put(payload),
            Target::Folder(target) => target.put(payload),
        }
    }

    /// Ends the open stream: a table's data, or a large object.
    pub(crate) fn end_stream(&mut self) -> Result<()> {
        match self {
            Target::Custom(target) => target.end_stream(),
            Target::Tar(target) => target.end_stream(),
            Target::Folder(target) => target.end_stream(),
        }
    }

    /// Ends a block of large objects.
    pub(crate) fn end_blobs(&mut self) -> Result<()> {
        match self {
            Target::Custom(target) => target.end_blobs(),
            Target::Tar(target) => target.end_blobs(),
            Target::Folder(target) => target.end_blobs(),
        }
    }

    /// Ends the archive and gives the output back, with the number of the archive's bytes.
    pub(crate) fn finish(self) -> Result<(W, u64)> {
        match self {
            Target::Custom(target) => target.finish(),
            Target::Tar(target) => target.finish(),
            Target::Folder(target) => Ok(target.finish()),
        }
    }
}
