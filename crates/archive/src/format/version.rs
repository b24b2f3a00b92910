//! The archive versions this crate knows.

use std::fmt;
use std::str::FromStr;

use crate::Error;

/// A version of the archive format, as the header's three version bytes say it (the third is always 0).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ArchiveVersion {
    /// Written by PostgreSQL 9.0 to 10.2 and their sisters: one `BLOB` entry for each large object.
    V1_12,
    /// Written since the security releases of March 2018 (10.3, 9.6.8, …) up to 11: same bytes as 1.12, but definitions
    /// are written for an empty `search_path`.
    V1_13,
    /// Written by PostgreSQL 12 to 15: entries carry a table access method.
    V1_14,
    /// Written by PostgreSQL 16: the header names the compression method.
    V1_15,
    /// Written by PostgreSQL 17 and newer: large objects in groups, entries carry a relation kind.
    V1_16,
}

impl ArchiveVersion {
    /// The oldest version that can be read.
    pub const OLDEST: Self = ArchiveVersion::V1_12;
    /// The newest version there is.
    pub const NEWEST: Self = ArchiveVersion::V1_16;
    /// Every version, oldest first.
    pub const ALL: [Self; 5] = [
        Self::V1_12,
        Self::V1_13,
        Self::V1_14,
        Self::V1_15,
        Self::V1_16,
    ];

    /// The second number of the version; the first is always 1.
    pub fn minor(self) -> u8 {
        match self {
            ArchiveVersion::V1_12 => 12,
            ArchiveVersion::V1_13 => 13,
            ArchiveVersion::V1_14 => 14,
            ArchiveVersion::V1_15 => 15,
            ArchiveVersion::V1_16 => 16,
        }
    }

    /// The version of these two numbers, if it is one this crate knows.
    pub fn from_numbers(major: u8, minor: u8) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|version| major == 1 && version.minor() == minor)
    }

    /// Entries carry the table access method since 1.14.
    pub fn has_table_am(self) -> bool {
        self >= ArchiveVersion::V1_14
    }

    /// The header names the compression method since 1.15; before, it holds zlib's level.
    pub fn has_compression_method(self) -> bool {
        self >= ArchiveVersion::V1_15
    }

    /// Entries carry the relation kind since 1.16.
    pub fn has_relkind(self) -> bool {
        self >= ArchiveVersion::V1_16
    }

    /// [`Writer`](crate::Writer) makes 1.14 and newer, which every `pg_restore` since PostgreSQL 12 understands.
    pub fn is_writable(self) -> bool {
        self >= ArchiveVersion::V1_14
    }
}

/// Reads what [`Display`](fmt::Display) writes: `1.14`.
impl FromStr for ArchiveVersion {
    type Err = Error;

    /// # Errors
    /// [`Error::VersionText`] for anything else.
    fn from_str(text: &str) -> Result<Self, Error> {
        let found = Self::ALL
            .into_iter()
            .find(|version| version.to_string() == text);
        found.ok_or_else(|| Error::VersionText(text.to_owned()))
    }
}

impl fmt::Display for ArchiveVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "1.{}", self.minor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_name_each_version() {
        for version in ArchiveVersion::ALL {
            assert_eq!(
                version.to_string().parse::<ArchiveVersion>().unwrap(),
                version
            );
            assert_eq!(
                ArchiveVersion::from_numbers(1, version.minor()),
                Some(version)
            );
        }
        assert_eq!(ArchiveVersion::from_numbers(1, 11), None);
        assert_eq!(ArchiveVersion::from_numbers(1, 17), None);
        assert_eq!(ArchiveVersion::from_numbers(2, 14), None);
        assert!("1.140".parse::<ArchiveVersion>().is_err());
    }
}
