//! Sums over rows that do not depend on their order: of an archive's text, and of what a server answers.

pub(crate) mod archived;
pub(crate) mod copy_target;
pub(crate) mod side;
pub(crate) mod sum;

use std::collections::{BTreeMap, HashMap};

use crate::Checksum;

/// Which entries' data is read, by dump ids, and which fields of each row, by their positions; all of them, as they stand, where none are named.
pub(crate) type Wanted = HashMap<i32, Option<Vec<usize>>>;

/// What was found.
#[derive(Debug, Default)]
pub(crate) struct Found {
    /// Of each entry that was read to its end.
    pub(crate) rows: HashMap<i32, Checksum>,
    /// The first bytes of the hash of each large object.
    pub(crate) objects: BTreeMap<u32, u64>,
}
