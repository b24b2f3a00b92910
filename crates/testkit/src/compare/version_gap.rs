//! What an archive older than stock's cannot say.
//!
//! Version 1.16 brought two things that 1.14 and 1.15 have no place for: large objects in groups
//! (`BLOB METADATA`, where an older archive has a `BLOB` entry for each), and the relation kind,
//! without which pg_restore prints no access method for a partitioned table. Where ours is older
//! than 1.16 and stock's is not,
//!
//! - entries about large objects stay out of F1, F2 and F3; instead each large object's owner,
//!   privileges, comments and labels are compared;
//! - the relation kind and a partitioned table's access method are not compared.

use pgdumprs_archive::Entry;

use super::archive::{Archive, is_about_large_objects};

/// `pg_class.relkind` of a partitioned table.
const PARTITIONED_TABLE: u8 = b'p';

/// Whether ours is of a version that says less than stock's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct VersionGap(bool);

impl VersionGap {
    pub(super) fn between(stock: &Archive, ours: &Archive) -> VersionGap {
        VersionGap(stock.header().version.has_relkind() && !ours.header().version.has_relkind())
    }

    pub(super) fn exists(self) -> bool {
        self.0
    }

    /// Whether an entry takes part in the comparison entry by entry.
    pub(super) fn compares(self, entry: &Entry) -> bool {
        !(self.0 && is_about_large_objects(entry))
    }

    /// Whether relation kinds are compared.
    pub(super) fn compares_relkind(self) -> bool {
        !self.0
    }

    /// Whether the access method of stock's entry is compared.
    pub(super) fn compares_access_method(self, stock: &Entry) -> bool {
        !(self.0 && stock.relkind == PARTITIONED_TABLE)
    }

    /// Whether a line that pg_restore prints is one that depends on the gap.
    ///
    /// pg_restore keeps track of the access method in force, so one partitioned table changes which
    /// of these lines stand before later tables.
    pub(super) fn hides_line(self, line: &[u8], stock: &Archive) -> bool {
        self.0
            && (line.starts_with(b"SET default_table_access_method = ")
                || line.starts_with(b"ALTER TABLE ") && contains(line, b" SET ACCESS METHOD "))
            && names_partitioned_access_method(stock)
    }

    /// What the report says about it.
    pub(super) fn notes(self, stock: &Archive, ours: &Archive) -> Vec<String> {
        if !self.0 {
            return Vec::new();
        }
        let mut notes = Vec::new();
        let versions = format!(
            "ours is of version {}, stock's of {}",
            ours.header().version,
            stock.header().version
        );
        if stock.entries().iter().any(is_about_large_objects) {
            notes.push(format!(
                "{versions}: large objects were compared one by one, not by their entries"
            ));
        }
        if names_partitioned_access_method(stock) {
            notes.push(format!(
                "{versions}: access methods of partitioned tables were not compared"
            ));
        }
        notes
    }
}

fn names_partitioned_access_method(stock: &Archive) -> bool {
    stock.entries().iter().any(|entry| {
        entry.relkind == PARTITIONED_TABLE
            && entry.table_am.as_ref().is_some_and(|am| !am.is_empty())
    })
}

fn contains(line: &[u8], part: &[u8]) -> bool {
    line.windows(part.len()).any(|window| window == part)
}
