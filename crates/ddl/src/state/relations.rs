//! What is known of relations beyond their rows: who inherits from whom, and which objects are part of which table.

use std::collections::{HashMap, HashSet};

use bstr::BString;

use crate::state::object::DumpId;

/// Links between relations and their parts. Relations are indexes into the listing.
#[derive(Debug, Default)]
pub(crate) struct Relations {
    /// Direct parents of each relation, in the catalog's order; of a partition, the partitioned table.
    pub(crate) parents: Vec<Vec<usize>>,
    /// Rows, position or refresh of relations that have such and where it is dumped.
    pub(crate) data: HashMap<usize, DumpId>,
    /// Planner statistics of materialized views, where they are dumped.
    pub(crate) matview_statistics: HashMap<usize, DumpId>,
    /// WHERE clauses that choose the rows of extensions' configuration tables.
    pub(crate) conditions: HashMap<usize, BString>,
    /// Numbers of the conditions for rows of tables of which not all are dumped.
    pub(crate) row_choices: HashMap<usize, usize>,
    /// Foreign keys that are made `NOT VALID`, since rows that they refer to are left out.
    pub(crate) unchecked_keys: HashSet<DumpId>,
    /// Defaults and generation expressions, by relation and attribute number.
    pub(crate) attrdefs: HashMap<(usize, i16), DumpId>,
    /// CHECK constraints of each relation, by name.
    pub(crate) checks: HashMap<usize, Vec<DumpId>>,
    /// Materialized views that cannot be refreshed, because one that they read holds no data.
    pub(crate) unrefreshable: HashSet<usize>,
}
