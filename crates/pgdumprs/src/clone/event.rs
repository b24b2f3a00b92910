//! What happens during a clone, for whoever watches.

use super::Comparison;
use crate::{Event, RestoreEvent};

/// A step of a clone.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum CloneEvent {
    /// Something happens on the source's side: it is read what there is, and the server says something. How far it has come and what became of each
    /// table is told by the target.
    Source(Event),
    /// Something happens on the target's side.
    Target(RestoreEvent),
    /// What was cloned is about to be compared.
    Verifying,
    /// Something was compared.
    Compared(Comparison),
}
