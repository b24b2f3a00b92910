//! A data block being read.

use std::io::{self, Read};

use crate::{
    Compression, Error, Result, compression::decompress::Decompressor, format::chunk::ChunkState,
    reader::source::Source,
};

/// A data block of an archive, positioned at its first byte of data.
///
/// It need not be read, or not to its end: [`Reader`](crate::Reader) passes over the rest.
pub enum Block<'a, R: Read> {
    /// One stream: a table's data.
    Data(DataBlock<'a, R>),
    /// Large objects, a stream each.
    LargeObjects(LargeObjectsBlock<'a, R>),
}

impl<R: Read> Block<'_, R> {
    /// The entry the block belongs to.
    pub fn dump_id(&self) -> i32 {
        match self {
            Block::Data(block) => block.dump_id,
            Block::LargeObjects(block) => block.dump_id,
        }
    }
}

/// The data of one table, decompressed as it is read.
///
/// It is the text that follows the entry's COPY statement, with the `\.` line that ends it, or INSERT statements if the
/// entry has no COPY statement.
///
/// As an [`io::Read`] it gives an [`Error`] inside an [`io::Error`]; [`read_data`](Self::read_data) gives it plainly.
pub struct DataBlock<'a, R: Read> {
    pub(crate) dump_id: i32,
    pub(crate) stream: Decompressor<'a, R>,
}

impl<R: Read> DataBlock<'_, R> {
    /// The entry the data belongs to.
    pub fn dump_id(&self) -> i32 {
        self.dump_id
    }

    /// Bytes that the data read so far takes in the archive, compressed as it is, without what frames it. At the end of the
    /// data, that is all of it.
    pub fn stored_bytes(&self) -> u64 {
        self.stream.stored_bytes()
    }

    /// Reads some bytes; 0 only at the end of the data or for an empty buffer.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`].
    pub fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.stream.read(buffer)
    }
}

impl<R: Read> Read for DataBlock<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).map_err(Error::into_io)
    }
}

/// How far a block of large objects has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BlobsPlace {
    /// An oid comes next.
    BeforeOid,
    /// A stream has been begun.
    InStream,
    /// Oid 0 has been read.
    Ended,
}

/// A block of large objects.
pub struct LargeObjectsBlock<'a, R> {
    pub(crate) dump_id: i32,
    pub(crate) compression: Compression,
    pub(crate) source: &'a mut Source<R>,
    pub(crate) stream: &'a mut ChunkState,
    pub(crate) place: &'a mut BlobsPlace,
}

impl<R: Read> LargeObjectsBlock<'_, R> {
    /// The entry the large objects belong to.
    pub fn dump_id(&self) -> i32 {
        self.dump_id
    }

    /// The next large object, passing over what is left of the one before; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`].
    pub fn next_object(&mut self) -> Result<Option<LargeObject<'_, R>>> {
        match advance_blobs(self.source, self.stream, self.place)? {
            None => Ok(None),
            Some(oid) => {
                let stream = Decompressor::new(self.compression, self.source, self.stream)?;
                Ok(Some(LargeObject { oid, stream }))
            }
        }
    }
}

/// Goes to the next large object of a block and gives its oid; `None` at the block's end.
pub(crate) fn advance_blobs<R: Read>(
    source: &mut Source<R>,
    stream: &mut ChunkState,
    place: &mut BlobsPlace,
) -> Result<Option<u32>> {
    if *place == BlobsPlace::InStream {
        stream.skip(source)?;
        *place = BlobsPlace::BeforeOid;
    }
    if *place == BlobsPlace::Ended {
        return Ok(None);
    }
    let oid = source.int("a block of large objects")? as u32;
    if oid == 0 {
        *place = BlobsPlace::Ended;
        return Ok(None);
    }
    *stream = ChunkState::begin();
    *place = BlobsPlace::InStream;
    Ok(Some(oid))
}

/// One large object, decompressed as it is read.
///
/// As an [`io::Read`] it gives an [`Error`] inside an [`io::Error`]; [`read_data`](Self::read_data) gives it plainly.
pub struct LargeObject<'a, R: Read> {
    oid: u32,
    stream: Decompressor<'a, R>,
}

impl<R: Read> LargeObject<'_, R> {
    /// The large object's oid.
    pub fn oid(&self) -> u32 {
        self.oid
    }

    /// Bytes that the data read so far takes in the archive, compressed as it is, without what frames it. At the end of the
    /// data, that is all of it.
    pub fn stored_bytes(&self) -> u64 {
        self.stream.stored_bytes()
    }

    /// Reads some bytes; 0 only at the end of the data or for an empty buffer.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`].
    pub fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.stream.read(buffer)
    }
}

impl<R: Read> Read for LargeObject<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).map_err(Error::into_io)
    }
}
