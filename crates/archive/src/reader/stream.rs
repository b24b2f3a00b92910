//! One stream of data, decompressed as it is read.

use std::io::{self, Read};

use crate::{
    Compression, Error, Result, compression::decompress::Decompressor, format::chunk::ChunkState,
    reader::source::Source,
};

/// A stream, and the file it comes from if the archive has several.
pub(crate) struct Stream<'a, R: Read> {
    decompressor: Decompressor<'a, R>,
    file: Option<&'a str>,
}

impl<'a, R: Read> Stream<'a, R> {
    pub(crate) fn new(
        compression: Compression,
        source: &'a mut Source<R>,
        state: &'a mut ChunkState,
        file: Option<&'a str>,
    ) -> Result<Self> {
        let decompressor =
            Decompressor::new(compression, source, state).map_err(|error| error.in_file(file))?;
        Ok(Stream { decompressor, file })
    }

    /// Bytes of the stream that have been read, as they are stored.
    pub(crate) fn stored_bytes(&self) -> u64 {
        self.decompressor.stored_bytes()
    }

    /// Reads raw bytes; 0 only at the stream's end or for an empty buffer.
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> Result<usize> {
        self.decompressor
            .read(buffer)
            .map_err(|error| error.in_file(self.file))
    }

    /// The error for what is wrong with the raw byte that is `behind` bytes before the end of what was read last.
    pub(crate) fn corrupt(&self, behind: usize, problem: impl Into<String>) -> Error {
        Error::corrupt(self.decompressor.place(behind), problem).in_file(self.file)
    }
}

impl<R: Read> Read for Stream<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        Stream::read(self, buffer).map_err(Error::into_io)
    }
}
