//! How an archive's data is compressed.

pub(crate) mod compress;
pub(crate) mod decompress;
pub(crate) mod file;
pub(crate) mod gzip;
pub(crate) mod gzip_file;
pub(crate) mod gzip_level;
pub(crate) mod join;
pub(crate) mod lz4;
pub(crate) mod text;
pub(crate) mod zstandard;

use crate::{ArchiveVersion, Error, Result};

/// The compression of every data stream of an archive.
///
/// An archive from 1.15 on stores the method but not the level: a header that was read back has the method's default
/// level. Before 1.15 it is the other way round: the header stores zlib's level, and 0 means no compression.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Compression {
    /// Data stands in the archive as it is.
    #[default]
    None,
    /// A zlib stream (RFC 1950). PostgreSQL calls it gzip.
    Gzip {
        /// 1 (fast) to 9 (small), or -1 for the default: as small as zlib's own default of 6.
        level: i32,
    },
    /// LZ4 frames.
    Lz4 {
        /// 0 to 12. The encoder used here has one speed, so the level changes nothing; it is accepted because
        /// `pg_dump`, with liblz4, gives 3 and above to the slower high-compression encoder.
        level: i32,
    },
    /// Zstandard frames (RFC 8878).
    Zstd {
        /// libzstd's range, -131072 (fast) to 22 (small); PostgreSQL's default is 3.
        level: i32,
        /// Whether to look for repetitions far apart: takes 128 MiB of memory for each stream that is being compressed.
        long: bool,
    },
}

impl Compression {
    /// zlib at its default level: what `pg_dump -Fc` does when it is told nothing.
    pub const GZIP: Self = Compression::Gzip { level: -1 };
    /// LZ4 at its default level.
    pub const LZ4: Self = Compression::Lz4 { level: 0 };
    /// Zstandard at PostgreSQL's default level.
    pub const ZSTD: Self = Compression::Zstd {
        level: 3,
        long: false,
    };

    /// zlib at `level`, 1 to 9 or -1 for the default.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`] for any other level. 0 is among them: archives before 1.15 say "not compressed" by
    /// a level of 0, so a stored zlib stream cannot be told apart there. Use [`Compression::None`].
    pub fn gzip(level: i32) -> Result<Self> {
        Self::checked(Compression::Gzip { level })
    }

    /// LZ4 at `level`, 0 to 12.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`] for any other level.
    pub fn lz4(level: i32) -> Result<Self> {
        Self::checked(Compression::Lz4 { level })
    }

    /// Zstandard at `level`, in libzstd's range.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`] for a level outside of it.
    pub fn zstd(level: i32) -> Result<Self> {
        Self::checked(Compression::Zstd { level, long: false })
    }

    /// The method's name as PostgreSQL's options spell it.
    pub fn name(self) -> &'static str {
        match self {
            Compression::None => "none",
            Compression::Gzip { .. } => "gzip",
            Compression::Lz4 { .. } => "lz4",
            Compression::Zstd { .. } => "zstd",
        }
    }

    /// The oldest archive version that can hold this compression.
    pub fn oldest_version(self) -> ArchiveVersion {
        match self {
            Compression::None | Compression::Gzip { .. } => ArchiveVersion::OLDEST,
            Compression::Lz4 { .. } | Compression::Zstd { .. } => ArchiveVersion::V1_15,
        }
    }

    /// Checks that the level is in range.
    ///
    /// # Errors
    /// [`Error::CompressionLevel`] if it is not.
    pub fn validate(self) -> Result<()> {
        let (level, good, range) = match self {
            Compression::None => return Ok(()),
            Compression::Gzip { level } => (
                level,
                level == -1 || (1..=9).contains(&level),
                "1 to 9, or -1 for its default",
            ),
            Compression::Lz4 { level } => (level, (0..=12).contains(&level), "0 to 12"),
            Compression::Zstd { level, .. } => (
                level,
                zstd::compression_level_range().contains(&level),
                "-131072 to 22",
            ),
        };
        if good {
            Ok(())
        } else {
            Err(Error::CompressionLevel {
                method: self.name(),
                level,
                range,
            })
        }
    }

    /// Checks that an archive of `version` can hold this compression.
    ///
    /// # Errors
    /// [`Error::CompressionVersion`] if it cannot, [`Error::CompressionLevel`] if the level is out of range.
    pub fn validate_for(self, version: ArchiveVersion) -> Result<()> {
        self.validate()?;
        if version < self.oldest_version() {
            return Err(Error::CompressionVersion {
                version,
                method: self.name(),
            });
        }
        Ok(())
    }

    /// The method byte of headers from 1.15 on.
    pub(crate) fn method_byte(self) -> u8 {
        match self {
            Compression::None => 0,
            Compression::Gzip { .. } => 1,
            Compression::Lz4 { .. } => 2,
            Compression::Zstd { .. } => 3,
        }
    }

    pub(crate) fn from_method_byte(byte: u8) -> Option<Self> {
        Some(match byte {
            0 => Compression::None,
            1 => Compression::GZIP,
            2 => Compression::LZ4,
            3 => Compression::ZSTD,
            _ => return None,
        })
    }

    fn checked(self) -> Result<Self> {
        self.validate()?;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_are_checked() {
        assert!(Compression::gzip(-1).is_ok());
        assert!(Compression::gzip(1).is_ok());
        assert!(Compression::gzip(9).is_ok());
        for level in [-2, 0, 10] {
            assert!(matches!(
                Compression::gzip(level),
                Err(Error::CompressionLevel { method: "gzip", .. })
            ));
        }
        assert!(Compression::lz4(0).is_ok());
        assert!(Compression::lz4(12).is_ok());
        assert!(Compression::lz4(-1).is_err());
        assert!(Compression::lz4(13).is_err());
        assert!(Compression::zstd(-131_072).is_ok());
        assert!(Compression::zstd(22).is_ok());
        assert!(Compression::zstd(-131_073).is_err());
        assert!(Compression::zstd(23).is_err());
    }

    #[test]
    fn old_versions_hold_only_zlib() {
        for version in [ArchiveVersion::V1_12, ArchiveVersion::V1_14] {
            assert!(Compression::None.validate_for(version).is_ok());
            assert!(Compression::GZIP.validate_for(version).is_ok());
            assert!(matches!(
                Compression::LZ4.validate_for(version),
                Err(Error::CompressionVersion { method: "lz4", .. })
            ));
            assert!(Compression::ZSTD.validate_for(version).is_err());
        }
        assert!(Compression::LZ4.validate_for(ArchiveVersion::V1_15).is_ok());
        assert!(
            Compression::ZSTD
                .validate_for(ArchiveVersion::V1_16)
                .is_ok()
        );
    }
}
