//! What the listing has to show, beside the objects of every dump.

use crate::Patterns;

/// What is asked for in the first flight because of what is dumped.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    /// Whether large objects are listed: there can be more of them than of everything else.
    pub large_objects: bool,
    /// Whether security labels of the database are listed.
    pub security_labels: bool,
    /// Whether domains may be dumped: not where tables are chosen by name.
    pub domains: bool,
    /// Patterns for names, to be matched.
    pub patterns: Patterns,
}
