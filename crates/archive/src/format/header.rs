//! The archive's header: what it is, how it is compressed, when and from what it was made.

use std::io::Read;

use bstr::BString;

use crate::{
    ArchiveVersion, Compression, Error, Format, Result,
    format::{
        foreign,
        primitives::{INT_SIZE, OFFSET_SIZE, put_int, put_text},
    },
    reader::source::Source,
};

/// The first bytes of every archive, and of the `toc.dat` of the directory and tar formats.
pub(crate) const MAGIC: &[u8; 5] = b"PGDMP";
/// The format byte of the custom format.
pub(crate) const FORMAT_CUSTOM: u8 = 1;
/// The format byte of the `toc.dat` of both other formats. The directory format has the number 5, but does not write it.
pub(crate) const FORMAT_TAR: u8 = 3;
/// The largest integer or offset size that `pg_restore` accepts; what does not fit our types is refused by value.
const MAX_FIELD_SIZE: u8 = 32;

/// When the archive was made: C's `struct tm` in the local time of the program that made it.
///
/// The format does not say which time zone that was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct CreationTime {
    /// Seconds, 0 to 60.
    pub second: i32,
    /// Minutes, 0 to 59.
    pub minute: i32,
    /// Hours, 0 to 23.
    pub hour: i32,
    /// Day of the month, 1 to 31.
    pub day: i32,
    /// Months since January, 0 to 11.
    pub month: i32,
    /// Years since 1900.
    pub year: i32,
    /// Above 0 in daylight saving time, 0 outside of it, below 0 when it is not known.
    pub is_dst: i32,
}

/// The header of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The archive version.
    pub version: ArchiveVersion,
    /// How every data stream is compressed.
    pub compression: Compression,
    /// When the archive was made.
    pub created: CreationTime,
    /// The name of the database that was dumped.
    pub database: Option<BString>,
    /// The version of the server it was dumped from, as the server says it.
    pub server_version: Option<BString>,
    /// The version of the program that dumped it. `pg_restore` prints it and draws no conclusion from it.
    pub dumper_version: Option<BString>,
}

/// How long the integers and offsets of an archive are, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldSizes {
    /// Bytes of an integer's magnitude: 4 in everything that `pg_dump` writes.
    pub int: u8,
    /// Bytes of a data offset, behind its state: 8 on every system of today.
    pub offset: u8,
}

impl Header {
    /// The header's bytes.
    pub(crate) fn encode(&self, format: Format) -> Vec<u8> {
        let mut out = Vec::with_capacity(128);
        out.extend_from_slice(MAGIC);
        out.extend_from_slice(&[
            1,
            self.version.minor(),
            0,
            INT_SIZE,
            OFFSET_SIZE,
            match format {
                Format::Custom => FORMAT_CUSTOM,
                Format::Directory | Format::Tar => FORMAT_TAR,
            },
        ]);
        if self.version.has_compression_method() {
            out.push(self.compression.method_byte());
        } else {
            let level = match self.compression {
                Compression::Gzip { level } => level,
                _ => 0,
            };
            put_int(&mut out, level);
        }
        let created = self.created;
        for field in [
            created.second,
            created.minute,
            created.hour,
            created.day,
            created.month,
            created.year,
            created.is_dst,
        ] {
            put_int(&mut out, field);
        }
        for text in [&self.database, &self.server_version, &self.dumper_version] {
            put_text(&mut out, text.as_ref().map(|text| text.as_slice()));
        }
        out
    }

    /// Reads the header, whose magic has been read, and tells `source` the archive's field sizes.
    pub(crate) fn decode<R: Read>(source: &mut Source<R>, format: u8) -> Result<Self> {
        let version = Self::decode_version(source)?;
        let sizes = FieldSizes {
            int: Self::decode_size(source, "integer", 4)?,
            offset: Self::decode_size(source, "offset", 1)?,
        };
        source.set_field_sizes(sizes);
        let at = source.position();
        match source.byte("the header")? {
            found if found == format => {}
            other => {
                return Err(match foreign::from_format_byte(other) {
                    Some(foreign) if format == FORMAT_CUSTOM => Error::NotAnArchive(foreign),
                    _ => Error::corrupt(at, format!("there is no archive format {other}")),
                });
            }
        }
        Ok(Header {
            version,
            compression: Self::decode_compression(source, version)?,
            created: CreationTime {
                second: source.int("the header")?,
                minute: source.int("the header")?,
                hour: source.int("the header")?,
                day: source.int("the header")?,
                month: source.int("the header")?,
                year: source.int("the header")?,
                is_dst: source.int("the header")?,
            },
            database: source.text("the header")?,
            server_version: source.text("the header")?,
            dumper_version: source.text("the header")?,
        })
    }

    fn decode_version<R: Read>(source: &mut Source<R>) -> Result<ArchiveVersion> {
        let major = source.byte("the header")?;
        let minor = source.byte("the header")?;
        let version = ArchiveVersion::from_numbers(major, minor)
            .ok_or(Error::UnsupportedVersion { major, minor })?;
        // The revision has been 0 in every release; pg_restore ignores it too.
        source.byte("the header")?;
        Ok(version)
    }

    fn decode_size<R: Read>(source: &mut Source<R>, what: &str, least: u8) -> Result<u8> {
        let at = source.position();
        let size = source.byte("the header")?;
        if !(least..=MAX_FIELD_SIZE).contains(&size) {
            return Err(Error::corrupt(
                at,
                format!("an {what} size of {size} bytes is absurd"),
            ));
        }
        Ok(size)
    }

    fn decode_compression<R: Read>(
        source: &mut Source<R>,
        version: ArchiveVersion,
    ) -> Result<Compression> {
        let at = source.position();
        if version.has_compression_method() {
            let byte = source.byte("the header")?;
            return Compression::from_method_byte(byte).ok_or_else(|| {
                Error::corrupt(at, format!("there is no compression method {byte}"))
            });
        }
        match source.int("the header")? {
            0 => Ok(Compression::None),
            level => {
                Compression::gzip(level).map_err(|error| Error::corrupt(at, error.to_string()))
            }
        }
    }
}
