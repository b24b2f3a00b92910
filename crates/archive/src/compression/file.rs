//! Files as the programs gzip, lz4 and zstd make them, rather than streams within an archive.

use std::io::{self, Write};

use flate2::write::GzEncoder;

use crate::{Compression, Compressor, Result};

/// A writer of a file that is compressed as a whole, which `gzip`, `lz4` and `zstd` can decompress.
///
/// ```
/// use std::io::Write;
///
/// use pgdumprs_archive::{CompressedFile, Compression};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let mut file = CompressedFile::new(Vec::new(), Compression::GZIP)?;
/// file.write_all(b"SELECT 1;\n")?;
/// let bytes = file.finish()?;
/// assert_eq!(bytes[..2], [0x1f, 0x8b]);
/// # Ok(())
/// # }
/// ```
pub struct CompressedFile<W: Write>(Encoder<W>);

enum Encoder<W: Write> {
    /// What is written goes through as it is.
    None(W),
    Gzip(Box<GzEncoder<W>>),
    /// Frames of lz4 and zstd are a file when they stand one after the other.
    Frames(Box<Compressor>, W),
}

impl<W: Write> CompressedFile<W> {
    /// Begins a file, which goes to `output`.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`](crate::Error::CompressionLevel), or whatever a library reports that cannot begin.
    pub fn new(output: W, compression: Compression) -> Result<Self> {
        compression.validate()?;
        Ok(Self(match compression {
            Compression::None => Encoder::None(output),
            Compression::Gzip { level } => {
                let level = u32::try_from(level)
                    .map_or_else(|_| flate2::Compression::default(), flate2::Compression::new);
                Encoder::Gzip(Box::new(GzEncoder::new(output, level)))
            }
            Compression::Lz4 { .. } | Compression::Zstd { .. } => {
                Encoder::Frames(Box::new(Compressor::new(compression)?), output)
            }
        }))
    }

    /// What the file goes to.
    pub fn get_ref(&self) -> &W {
        match &self.0 {
            Encoder::None(output) | Encoder::Frames(_, output) => output,
            Encoder::Gzip(encoder) => encoder.get_ref(),
        }
    }

    /// Ends the file and gives back what it went to. It is not flushed.
    ///
    /// # Errors
    /// Whatever the output or the library reports.
    pub fn finish(self) -> io::Result<W> {
        match self.0 {
            Encoder::None(output) => Ok(output),
            Encoder::Gzip(encoder) => encoder.finish(),
            Encoder::Frames(mut compressor, mut output) => {
                compressor.finish().map_err(io::Error::other)?;
                write_ready(&mut compressor, &mut output)?;
                Ok(output)
            }
        }
    }
}

impl<W: Write> Write for CompressedFile<W> {
    fn write(&mut self, raw: &[u8]) -> io::Result<usize> {
        match &mut self.0 {
            Encoder::None(output) => output.write(raw),
            Encoder::Gzip(encoder) => encoder.write(raw),
            Encoder::Frames(compressor, output) => {
                compressor.write(raw).map_err(io::Error::other)?;
                write_ready(compressor, output)?;
                Ok(raw.len())
            }
        }
    }

    /// Flushes the output. What the library still holds stays there: to have it out would cost compression.
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.0 {
            Encoder::None(output) | Encoder::Frames(_, output) => output.flush(),
            Encoder::Gzip(encoder) => encoder.get_mut().flush(),
        }
    }
}

fn write_ready(compressor: &mut Compressor, output: &mut impl Write) -> io::Result<()> {
    while let Some(chunk) = compressor.next_chunk() {
        output.write_all(&chunk)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    fn compressed(compression: Compression, text: &[u8]) -> Vec<u8> {
        let mut file = CompressedFile::new(Vec::new(), compression).unwrap();
        for piece in text.chunks(1000) {
            file.write_all(piece).unwrap();
        }
        file.flush().unwrap();
        file.finish().unwrap()
    }

    #[test]
    fn files_are_those_of_the_programs() {
        let texts = [vec![], b"SELECT 1;\n".repeat(1_000_000)];
        for text in &texts {
            let mut read = Vec::new();
            let file = compressed(Compression::GZIP, text);
            flate2::read::GzDecoder::new(&file[..])
                .read_to_end(&mut read)
                .unwrap();
            assert!(read == *text);

            let file = compressed(Compression::ZSTD, text);
            assert!(zstd::stream::decode_all(&file[..]).unwrap() == *text);

            let mut read = Vec::new();
            let file = compressed(Compression::LZ4, text);
            lz4_flex::frame::FrameDecoder::new(&file[..])
                .read_to_end(&mut read)
                .unwrap();
            assert!(read == *text);

            assert!(compressed(Compression::None, text) == *text);
        }
    }

    #[test]
    fn levels_are_checked() {
        assert!(CompressedFile::new(Vec::new(), Compression::Gzip { level: 11 }).is_err());
    }
}
