//! What the second flight is to bring.

use crate::Oid;
use crate::reading::type_system::WantedTypeSystem;

/// The objects whose details are wanted, by kind.
#[derive(Debug, Clone, Default)]
pub struct Wanted {
    /// Whether definitions are dumped. Without them, nothing is read that only stands in definitions.
    pub schema: bool,
    /// Relations that are dumped, and the direct parents of those; sequences are apart.
    pub tables: Vec<Oid>,
    /// Tables whose rows are dumped.
    pub rows: Vec<Oid>,
    /// Whether rows of partitions are dumped, foreign ones too.
    pub partition_rows: bool,
    /// Views and materialized views whose definitions are dumped.
    pub views: Vec<Oid>,
    /// Sequences whose definitions are dumped.
    pub sequences: Vec<Oid>,
    /// Sequences whose positions are dumped.
    pub positions: Vec<Oid>,
    /// Types and what works on them.
    pub type_system: WantedTypeSystem,
    /// Relations whose definitions are dumped.
    pub definitions: Vec<Oid>,
    /// Tables whose row security policies are dumped.
    pub policies: Vec<Oid>,
    /// Tables whose rows are written as INSERT statements.
    pub value_types: Vec<Oid>,
    /// Foreign servers whose user mappings are dumped.
    pub foreign_servers: Vec<Oid>,
    /// Whether publications are dumped.
    pub publications: bool,
    /// Whether subscriptions are dumped, or would be if the role could read them.
    pub subscriptions: bool,
    /// Whether security labels are dumped.
    pub security_labels: bool,
    /// Whether comments are dumped.
    pub comments: bool,
    /// Whether they are also dumped of what initdb made.
    pub builtin_comments: bool,
    /// Relations whose statistics are dumped, with those of their indexes.
    pub statistics: Vec<Oid>,
}
