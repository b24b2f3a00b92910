//! A data block being read.

use std::io::{self, Read};

use crate::{
    Compression, Error, Result,
    format::chunk::ChunkState,
    reader::{folder::ObjectFiles, source::Source, stream::Stream, tar::LargeObjectMembers},
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
    pub(crate) stream: Stream<'a, R>,
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
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`], within [`Error::InFile`] in a directory-format archive.
    pub fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.stream.read(buffer)
    }
}

impl<R: Read> Read for DataBlock<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).map_err(Error::into_io)
    }
}

/// A block of large objects.
pub struct LargeObjectsBlock<'a, R> {
    pub(crate) dump_id: i32,
    pub(crate) objects: Objects<'a, R>,
}

/// Where the large objects of a block come from.
pub(crate) enum Objects<'a, R> {
    /// The one file that is the archive.
    InFile {
        compression: Compression,
        source: &'a mut Source<R>,
        stream: &'a mut ChunkState,
        place: &'a mut ObjectsPlace,
    },
    /// Files of a folder.
    InFolder(ObjectFiles<'a, R>),
}

impl<R: Read> LargeObjectsBlock<'_, R> {
    /// The entry the large objects belong to.
    pub fn dump_id(&self) -> i32 {
        self.dump_id
    }

    /// The next large object, passing over what is left of the one before; `None` after the last.
    ///
    /// # Errors
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`]; in a directory-format archive also [`Error::InFile`],
    /// [`Error::MissingFile`] or [`Error::OddFile`].
    pub fn next_object(&mut self) -> Result<Option<LargeObject<'_, R>>> {
        match &mut self.objects {
            Objects::InFile {
                compression,
                source,
                stream,
                place,
            } => match place.advance(source, stream)? {
                None => Ok(None),
                Some((oid, at)) => {
                    let stream = Stream::new(*compression, source, stream, None)?;
                    Ok(Some(LargeObject { oid, at, stream }))
                }
            },
            Objects::InFolder(files) => files.next_object(),
        }
    }
}

/// How far a block of large objects in one file has been read.
#[derive(Debug)]
pub(crate) enum ObjectsPlace {
    /// Custom format.
    Chunks(ChunkedObjects),
    /// Tar format.
    Members(LargeObjectMembers),
}

/// How far a block of large objects in chunks has been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChunkedObjects {
    /// An oid comes next.
    BeforeOid,
    /// A stream has been begun.
    InStream,
    /// Oid 0 has been read.
    Ended,
}

impl ObjectsPlace {
    /// Goes to the next large object of a block and gives its oid and where it begins; `None` at the block's end.
    pub(crate) fn advance<R: Read>(
        &mut self,
        source: &mut Source<R>,
        stream: &mut ChunkState,
    ) -> Result<Option<(u32, u64)>> {
        let place = match self {
            ObjectsPlace::Members(members) => return members.advance(source, stream),
            ObjectsPlace::Chunks(place) => place,
        };
        if *place == ChunkedObjects::InStream {
            stream.skip(source)?;
            *place = ChunkedObjects::BeforeOid;
        }
        if *place == ChunkedObjects::Ended {
            return Ok(None);
        }
        let at = source.position();
        let oid = source.int("a block of large objects")? as u32;
        if oid == 0 {
            *place = ChunkedObjects::Ended;
            return Ok(None);
        }
        *stream = ChunkState::begin();
        *place = ChunkedObjects::InStream;
        Ok(Some((oid, at)))
    }
}

/// One large object, decompressed as it is read.
///
/// As an [`io::Read`] it gives an [`Error`] inside an [`io::Error`]; [`read_data`](Self::read_data) gives it plainly.
pub struct LargeObject<'a, R: Read> {
    pub(crate) oid: u32,
    /// Where it begins in the archive.
    pub(crate) at: u64,
    pub(crate) stream: Stream<'a, R>,
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
    /// [`Error::Truncated`], [`Error::Corrupt`] or [`Error::Read`], within [`Error::InFile`] in a directory-format archive.
    pub fn read_data(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.stream.read(buffer)
    }
}

impl<R: Read> Read for LargeObject<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).map_err(Error::into_io)
    }
}
