//! Recognises what people hand over instead of an archive, so that the error can say what to do.

use std::{fmt, io::Read};

use flate2::read::GzDecoder;
use lz4_flex::frame::FrameDecoder;

/// How many of a file's first bytes [`recognise`] wants: one tar header.
pub(crate) const SAMPLE: usize = 512;

/// What files begin with that are encrypted with age, as they are and made text of.
const AGE: [&[u8]; 2] = [
    b"age-encryption.org/",
    b"-----BEGIN AGE ENCRYPTED FILE-----",
];

/// Longer than the largest block of lz4, 4 MiB, with what is around it.
const COMPRESSED_SAMPLE: usize = (4 << 20) + 64;

/// Something that is not an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Foreign {
    /// There is nothing in it.
    Empty,
    /// It ends inside the five bytes that mark an archive.
    TooShort,
    /// A plain-text dump, of `pg_dump` or `pg_dumpall`.
    Sql,
    /// A tar file that `pg_dump -Ft` did not write.
    Tar,
    /// The `toc.dat` of a directory-format or tar-format dump.
    TableOfContents,
    /// A folder that `pg_dump -Fd` did not write, or one that was handed over as an open file.
    Directory,
    /// A plain-text dump, compressed as a whole with gzip.
    GzipSql,
    /// A plain-text dump, compressed as a whole with zstd.
    ZstdSql,
    /// A plain-text dump, compressed as a whole with lz4.
    Lz4Sql,
    /// A file compressed as a whole with gzip.
    Gzip,
    /// A file compressed as a whole with zstd.
    Zstd,
    /// A file compressed as a whole with lz4.
    Lz4,
    /// A file encrypted with age.
    Age,
    /// Something else.
    Unknown,
}

impl fmt::Display for Foreign {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Foreign::Empty => "the file is empty",
            Foreign::TooShort => "the file is too short, it breaks off inside the first five bytes",
            Foreign::Sql => "the file is a plain-text dump; run it with psql",
            Foreign::Tar => {
                "the file is a tar file that does not begin with the toc.dat of pg_dump -Ft; \
                 if a directory-format dump was packed into it, unpack it and name the folder"
            }
            Foreign::TableOfContents => {
                "the file is the table of contents of a directory-format or tar-format dump; \
                 name the folder that it is in, or the tar file"
            }
            Foreign::Directory => {
                "it is a folder; one that pg_dump -Fd wrote has a toc.dat in it, and is read by its path"
            }
            Foreign::GzipSql => {
                "the file is a plain-text dump compressed with gzip; \
                 run what gzip -dc makes of it with psql"
            }
            Foreign::ZstdSql => {
                "the file is a plain-text dump compressed with zstd; \
                 run what zstd -dc makes of it with psql"
            }
            Foreign::Lz4Sql => {
                "the file is a plain-text dump compressed with lz4; \
                 run what lz4 -dc makes of it with psql"
            }
            Foreign::Gzip => {
                "the file is compressed as a whole with gzip; decompress it first, as with gzip -dc"
            }
            Foreign::Zstd => {
                "the file is compressed as a whole with zstd; decompress it first, as with zstd -dc"
            }
            Foreign::Lz4 => {
                "the file is compressed as a whole with lz4; decompress it first, as with lz4 -dc"
            }
            Foreign::Age => {
                "the file is encrypted with age; decrypt it first, as with age --decrypt"
            }
            Foreign::Unknown => "the file does not begin with PGDMP",
        })
    }
}

/// What a file that is no archive is, judged by its first [`SAMPLE`] bytes.
pub(crate) fn recognise(start: &[u8]) -> Foreign {
    if start.is_empty() {
        Foreign::Empty
    } else if crate::format::header::MAGIC.starts_with(start) {
        Foreign::TooShort
    } else if is_sql(start) {
        Foreign::Sql
    } else if start.get(257..262) == Some(b"ustar") {
        Foreign::Tar
    } else if start.starts_with(&[0x1f, 0x8b]) {
        let held = holds_sql(GzDecoder::new(start));
        if held {
            Foreign::GzipSql
        } else {
            Foreign::Gzip
        }
    } else if start.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]) {
        let held = zstd::Decoder::with_buffer(start).is_ok_and(holds_sql);
        if held {
            Foreign::ZstdSql
        } else {
            Foreign::Zstd
        }
    } else if start.starts_with(&[0x04, 0x22, 0x4d, 0x18]) {
        let held = holds_sql(FrameDecoder::new(start));
        if held { Foreign::Lz4Sql } else { Foreign::Lz4 }
    } else if AGE.iter().any(|beginning| start.starts_with(beginning)) {
        Foreign::Age
    } else {
        Foreign::Unknown
    }
}

/// How many of a file's first bytes tell what is in it: some, or, where it is compressed as a whole, as many as hold a block of lz4 or zstd.
pub(crate) fn sample(start: &[u8]) -> usize {
    match recognise(start) {
        Foreign::Gzip | Foreign::Zstd | Foreign::Lz4 => COMPRESSED_SAMPLE,
        _ => SAMPLE,
    }
}

/// Whether what comes out of a decoder begins as a plain-text dump does.
fn holds_sql(decoder: impl Read) -> bool {
    let mut start = Vec::new();
    // Where the file breaks off, what came before that is enough, or is not.
    drop(decoder.take(SAMPLE as u64).read_to_end(&mut start));
    is_sql(&start)
}

/// What a file is that begins like an archive but has another format byte, if it is a format there is.
pub(crate) fn from_format_byte(format: u8) -> Option<Foreign> {
    // 3 is tar, 5 directory. The directory format in fact writes 3 into its toc.dat.
    matches!(format, 3 | 5).then_some(Foreign::TableOfContents)
}

/// Plain dumps begin with a comment that names the kind of dump.
fn is_sql(start: &[u8]) -> bool {
    let start = start
        .strip_prefix(b"--\n")
        .or_else(|| start.strip_prefix(b"--\r\n"));
    start.is_some_and(|rest| rest.starts_with(b"-- PostgreSQL database"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_mistakes_are_recognised() {
        assert_eq!(recognise(b""), Foreign::Empty);
        assert_eq!(recognise(b"PGD"), Foreign::TooShort);
        assert_eq!(
            recognise(b"--\n-- PostgreSQL database dump\n--\n"),
            Foreign::Sql
        );
        assert_eq!(
            recognise(b"--\r\n-- PostgreSQL database cluster dump\r\n"),
            Foreign::Sql
        );
        assert_eq!(recognise(&[0x1f, 0x8b, 8, 0]), Foreign::Gzip);
        assert_eq!(recognise(&[0x28, 0xb5, 0x2f, 0xfd, 0]), Foreign::Zstd);
        assert_eq!(recognise(&[0x04, 0x22, 0x4d, 0x18, 0]), Foreign::Lz4);
        assert_eq!(
            recognise(b"age-encryption.org/v1\n-> X25519 "),
            Foreign::Age
        );
        assert_eq!(recognise(b"SELECT 1;"), Foreign::Unknown);
        let mut tar = vec![0; 512];
        tar[..7].copy_from_slice(b"toc.dat");
        tar[257..262].copy_from_slice(b"ustar");
        assert_eq!(recognise(&tar), Foreign::Tar);
        assert_eq!(from_format_byte(3), Some(Foreign::TableOfContents));
        assert_eq!(from_format_byte(9), None);
    }

    #[test]
    fn what_is_in_a_compressed_file_is_told() {
        use crate::{Compression, Compressor};
        let sql = b"--\n-- PostgreSQL database dump\n--\n".repeat(20_000);
        let archive = [&b"PGDMP\x01\x10"[..], &[7; 1000]].concat();
        for (compression, told) in [
            (Compression::GZIP, [Foreign::GzipSql, Foreign::Gzip]),
            (Compression::ZSTD, [Foreign::ZstdSql, Foreign::Zstd]),
            (Compression::LZ4, [Foreign::Lz4Sql, Foreign::Lz4]),
        ] {
            for (held, told) in [&sql, &archive].into_iter().zip(told) {
                let mut compressor = Compressor::for_files(compression).unwrap();
                compressor.write(held).unwrap();
                compressor.finish().unwrap();
                let mut file = Vec::new();
                while let Some(chunk) = compressor.next_chunk() {
                    file.extend(chunk);
                }
                let length = sample(&file[..SAMPLE.min(file.len())]).min(file.len());
                assert_eq!(recognise(&file[..length]), told, "{compression:?}");
                assert_eq!(
                    crate::Reader::new(&file[..])
                        .err()
                        .map(|error| error.to_string()),
                    Some(crate::Error::NotAnArchive(told).to_string())
                );
            }
        }
    }
}
