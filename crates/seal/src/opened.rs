//! A reader of what is in an encrypted file.

use std::fmt;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};

use age::stream::StreamReader;

use crate::identities::Again;

/// A blocking reader of what was encrypted. It seeks where what is below can, and reads only the chunks that it is asked for.
///
/// What it gives is what was encrypted: a chunk that was changed, moved or cut off is an error. That nothing is missing at the end shows when one
/// reads to it, or asks for the [length](Opened::length).
pub struct Opened<R> {
    stream: StreamReader<Again<R>>,
}

impl<R: Read> Opened<R> {
    pub(crate) fn of(stream: StreamReader<Again<R>>) -> Self {
        Self { stream }
    }

    /// How many bytes there are from the beginning, which is read from the end: what was cut off is missed.
    ///
    /// # Errors
    /// Where it cannot be read, or is damaged there.
    pub fn length(&mut self) -> io::Result<u64>
    where
        R: Seek,
    {
        let at = self.stream.stream_position().map_err(told)?;
        let length = self
            .stream
            .seek(SeekFrom::End(0))
            .map_err(|error| match error.kind() {
                ErrorKind::InvalidData | ErrorKind::UnexpectedEof => io::Error::new(
                    ErrorKind::InvalidData,
                    "the encrypted file is damaged, or its end is missing",
                ),
                _ => error,
            })?;
        self.stream.seek(SeekFrom::Start(at)).map_err(told)?;
        Ok(length)
    }
}

/// What age says of damage, said so that one knows what it is of.
fn told(error: io::Error) -> io::Error {
    let said = match error.kind() {
        ErrorKind::InvalidData => {
            "the encrypted file is damaged, or was changed after it was encrypted"
        }
        ErrorKind::UnexpectedEof => "the end of the encrypted file is missing",
        _ => return error,
    };
    io::Error::new(error.kind(), said)
}

impl<R: Read> Read for Opened<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.stream.read(buffer).map_err(told)
    }
}

impl<R: Read + Seek> Seek for Opened<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.stream.seek(to).map_err(told)
    }
}

impl<R> fmt::Debug for Opened<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").finish_non_exhaustive()
    }
}
