//! Puts objects in an order that is pleasant to read and safe to restore.
//!
//! First by kind and name ([`name_order`]), so that two equal schemas dump alike; then by dependencies, moving as little as
//! possible ([`topological`]). Dependencies can form loops: they are found ([`loops`]) and broken one by one ([`repair`]).

mod loops;
mod name_order;
mod repair;
mod topological;

use crate::Error;
use crate::order::depend::Boundaries;
use crate::state::dump::Dump;
use crate::state::object::DumpId;

/// All objects, in the order in which they are rendered. Breaking loops changes dependencies and marks objects as separate,
/// postponed or dummy.
///
/// # Errors
///
/// [`Error::Unordered`] where dependencies contradict each other and no loop is found to break.
pub(crate) fn sort(dump: &mut Dump, boundaries: Boundaries) -> Result<Vec<DumpId>, Error> {
    let by_name = name_order::sort(dump);
    let mut search = loops::Search::new(dump.objects.len());
    let mut retry = topological::Retry::new(dump.objects.len());
    loop {
        let mut unsorted = match topological::sort(&dump.objects, &by_name) {
            Ok(order) => return Ok(order),
            Err(unsorted) => unsorted,
        };
        // A table of a thousand defaults is in as many loops, of which each attempt breaks one: attempts must not cost a sort of
        // the whole database each.
        loop {
            if !search.find_and_repair(dump, &unsorted, boundaries) {
                return Err(Error::Unordered);
            }
            match retry.still_unsorted(&dump.objects, &unsorted) {
                Some(rest) if !rest.is_empty() => unsorted = rest,
                _ => break,
            }
        }
    }
}
