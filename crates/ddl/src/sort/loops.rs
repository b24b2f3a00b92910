//! Finding dependency loops.

use super::{Boundaries, repair};
use crate::dump::Dump;
use crate::object::DumpId;

/// Repairs every loop it finds among `unsorted`, but of loops that share an object only the first: breaking one may have
/// broken the other, and the next attempt at sorting will show. Says whether it found any.
///
/// Which loop is found first decides which dependency is given up, so the walk is pg_dump's: from objects by ascending dump id,
/// depth first, along dependencies in their order.
pub(super) fn find_and_repair(
    dump: &mut Dump,
    unsorted: &[DumpId],
    boundaries: Boundaries,
) -> bool {
    let mut search = Search {
        processed: vec![false; dump.objects.len() + 1],
        dead_end_for: vec![None; dump.objects.len() + 1],
    };
    let mut found_any = false;
    for &start in unsorted {
        if let Some(found) = search.find(dump, start) {
            repair::repair(dump, &found, boundaries);
            found_any = true;
            for id in found {
                search.processed[id.index()] = true;
            }
        } else {
            search.processed[start.index()] = true;
        }
    }
    found_any
}

struct Search {
    /// Objects that were in a repaired loop, or start no loop.
    processed: Vec<bool>,
    /// The start to which no path leads from an object. Holding the start rather than a flag saves clearing it for each one.
    dead_end_for: Vec<Option<DumpId>>,
}

impl Search {
    /// The members of a loop through `start`, in the order in which each depends on the next.
    ///
    /// The walk keeps its own stack: chains of dependencies may be as long as the database has objects.
    fn find(&mut self, dump: &Dump, start: DumpId) -> Option<Vec<DumpId>> {
        let objects = &dump.objects;
        let mut path: Vec<(DumpId, usize)> = Vec::new();
        let mut on_path = std::collections::HashSet::new();
        let mut enter = Some(start);
        loop {
            if let Some(id) = enter.take()
                && !self.processed[id.index()]
                && self.dead_end_for[id.index()] != Some(start)
                && on_path.insert(id)
            {
                path.push((id, 0));
                if objects.get(id).dependencies.contains(&start) {
                    return Some(path.into_iter().map(|(id, _)| id).collect());
                }
            }
            let (id, next) = path.last_mut()?;
            if let Some(&dependency) = objects.get(*id).dependencies.get(*next) {
                *next += 1;
                enter = Some(dependency);
            } else {
                self.dead_end_for[id.index()] = Some(start);
                on_path.remove(id);
                path.pop();
            }
        }
    }
}
