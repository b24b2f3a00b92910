//! Finding dependency loops.

use super::repair;
use crate::order::depend::Boundaries;
use crate::state::dump::Dump;
use crate::state::object::{DumpId, Objects};

/// A search for loops, which keeps its memory from one attempt at sorting to the next.
pub(super) struct Search {
    /// Counts attempts.
    attempt: u32,
    /// The last attempt in which an object was in a repaired loop, or found to start no loop.
    processed: Vec<u32>,
    /// The attempt and the start to which no path leads from an object. Holding them rather than a flag saves clearing it for each.
    dead_end_for: Vec<(u32, DumpId)>,
    /// Whether an object is on the path that is being walked.
    on_path: Vec<bool>,
}

impl Search {
    /// A search among `count` objects.
    pub(super) fn new(count: usize) -> Self {
        // No object has dump id 0, and attempts count from 1.
        Self {
            attempt: 0,
            processed: vec![0; count + 1],
            dead_end_for: vec![(0, DumpId(0)); count + 1],
            on_path: vec![false; count + 1],
        }
    }

    /// Repairs every loop it finds among `unsorted`, but of loops that share an object only the first: breaking one may have
    /// broken the other, and the next attempt at sorting will show. Says whether it found any.
    ///
    /// Which loop is found first decides which dependency is given up, so the walk is pg_dump's: from objects by ascending dump
    /// id, depth first, along dependencies in their order.
    pub(super) fn find_and_repair(
        &mut self,
        dump: &mut Dump,
        unsorted: &[DumpId],
        boundaries: Boundaries,
    ) -> bool {
        self.attempt += 1;
        let mut found_any = false;
        for &start in unsorted {
            if let Some(found) = self.find(&dump.objects, start) {
                repair::repair(dump, &found, boundaries);
                found_any = true;
                for id in found {
                    self.processed[id.index()] = self.attempt;
                }
            } else {
                self.processed[start.index()] = self.attempt;
            }
        }
        found_any
    }

    /// The members of a loop through `start`, in the order in which each depends on the next.
    fn find(&mut self, objects: &Objects, start: DumpId) -> Option<Vec<DumpId>> {
        let path = self.walk(objects, start);
        for (id, _) in &path {
            self.on_path[id.index()] = false;
        }
        (!path.is_empty()).then(|| path.into_iter().map(|(id, _)| id).collect())
    }

    /// Walks from `start` until it comes to something that depends on `start`, and returns the path; an empty one where there is
    /// no such thing.
    ///
    /// The walk keeps its own stack: chains of dependencies may be as long as the database has objects.
    fn walk(&mut self, objects: &Objects, start: DumpId) -> Vec<(DumpId, usize)> {
        let mut path: Vec<(DumpId, usize)> = Vec::new();
        let mut enter = Some(start);
        loop {
            let new = enter.take().filter(|id| {
                self.processed[id.index()] != self.attempt
                    && self.dead_end_for[id.index()] != (self.attempt, start)
                    && !self.on_path[id.index()]
            });
            if let Some(id) = new {
                self.on_path[id.index()] = true;
                path.push((id, 0));
                if objects.get(id).dependencies.contains(&start) {
                    return path;
                }
            }
            let Some((id, next)) = path.last_mut() else {
                return path;
            };
            if let Some(&dependency) = objects.get(*id).dependencies.get(*next) {
                *next += 1;
                enter = Some(dependency);
            } else {
                self.dead_end_for[id.index()] = (self.attempt, start);
                self.on_path[id.index()] = false;
                path.pop();
            }
        }
    }
}
