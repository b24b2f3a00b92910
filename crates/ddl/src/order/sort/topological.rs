//! Sorting by dependencies, with as little rearrangement as they allow.

use std::collections::BinaryHeap;

use crate::state::object::{DumpId, Objects};

/// Orders objects so that each comes after all it depends on.
///
/// Works from the last place to the first: of the objects that nothing unplaced depends on, the one that stands last in
/// `given` takes the last free place. This is pg_dump's algorithm (Knuth, volume 1, with a heap for the candidates), and the
/// order of entries follows from it, so another algorithm will not do.
///
/// Fails with the objects that are in a loop or depended on by one, by ascending dump id.
pub(super) fn sort(objects: &Objects, given: &[DumpId]) -> Result<Vec<DumpId>, Vec<DumpId>> {
    // dependents[id]: how many dependencies on it belong to objects that have no place yet.
    let mut dependents = vec![0u32; objects.len() + 1];
    let mut position = vec![0usize; objects.len() + 1];
    for (i, &id) in given.iter().enumerate() {
        position[id.index()] = i;
        for &on in &objects.get(id).dependencies {
            dependents[on.index()] += 1;
        }
    }
    let mut candidates: BinaryHeap<usize> = (0..given.len())
        .filter(|&i| dependents[given[i].index()] == 0)
        .collect();
    let mut backwards = Vec::with_capacity(given.len());
    while let Some(i) = candidates.pop() {
        let id = given[i];
        backwards.push(id);
        for &on in &objects.get(id).dependencies {
            let left = &mut dependents[on.index()];
            *left -= 1;
            if *left == 0 {
                candidates.push(position[on.index()]);
            }
        }
    }
    if backwards.len() == given.len() {
        backwards.reverse();
        return Ok(backwards);
    }
    Err(objects
        .iter()
        .map(|object| object.id)
        .filter(|id| dependents[id.index()] > 0)
        .collect())
}

/// Tells what is still unsorted without sorting everything. Keeps its memory from one attempt to the next.
pub(super) struct Retry {
    /// By dump id: how many dependencies on the object belong to unsorted objects that have no place yet. `None` for others.
    dependents: Vec<Option<u32>>,
}

impl Retry {
    /// For a dump of `count` objects.
    pub(super) fn new(count: usize) -> Self {
        Self {
            dependents: vec![None; count + 1],
        }
    }

    /// Which of the objects that [`sort`] could not place it could not place now either, after some dependencies of theirs
    /// have changed; by ascending dump id, as they are given. `None` where only another sort can tell.
    ///
    /// What cannot be placed depends on nothing but the like, so that the other objects have no say in it. That ends where an
    /// object has been made to wait for one of the others: they may now be in a loop, too.
    pub(super) fn still_unsorted(
        &mut self,
        objects: &Objects,
        unsorted: &[DumpId],
    ) -> Option<Vec<DumpId>> {
        for id in unsorted {
            self.dependents[id.index()] = Some(0);
        }
        let rest = self.place(objects, unsorted);
        for id in unsorted {
            self.dependents[id.index()] = None;
        }
        rest
    }

    fn place(&mut self, objects: &Objects, unsorted: &[DumpId]) -> Option<Vec<DumpId>> {
        let dependents = &mut self.dependents;
        for &id in unsorted {
            for on in &objects.get(id).dependencies {
                *dependents[on.index()].as_mut()? += 1;
            }
        }
        let mut free: Vec<DumpId> = unsorted
            .iter()
            .copied()
            .filter(|id| dependents[id.index()] == Some(0))
            .collect();
        while let Some(id) = free.pop() {
            for &on in &objects.get(id).dependencies {
                let left = dependents[on.index()].as_mut()?;
                *left -= 1;
                if *left == 0 {
                    free.push(on);
                }
            }
        }
        Some(
            unsorted
                .iter()
                .copied()
                .filter(|id| dependents[id.index()] > Some(0))
                .collect(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::object::Kind;
    use pgdumprs_catalog::CatalogId;

    fn objects(count: usize, dependencies: &[(u32, u32)]) -> (Objects, Vec<DumpId>) {
        let mut objects = Objects::default();
        let ids = (0..count)
            .map(|i| objects.add(Kind::Table(i), CatalogId::default(), format!("t{i}"), None))
            .collect();
        for &(id, on) in dependencies {
            objects.add_dependency(DumpId(id), DumpId(on));
        }
        (objects, ids)
    }

    #[test]
    fn keeps_the_given_order_where_it_can() {
        let (objects, ids) = objects(4, &[(1, 3)]);
        assert_eq!(
            sort(&objects, &ids),
            Ok(vec![DumpId(3), DumpId(1), DumpId(2), DumpId(4)])
        );
    }

    #[test]
    fn names_what_a_loop_keeps_from_being_placed() {
        // 1 and 2 form a loop, 3 depends on it, 4 is depended on by it.
        let (objects, ids) = objects(4, &[(1, 2), (2, 1), (3, 1), (2, 4)]);
        assert_eq!(
            sort(&objects, &ids),
            Err(vec![DumpId(1), DumpId(2), DumpId(4)])
        );
    }

    #[test]
    fn attempts_after_a_repair_need_only_what_was_unsorted() {
        // Two loops through 1, and an object 4 that waits for them.
        let (mut objects, ids) = objects(5, &[(1, 2), (2, 1), (1, 3), (3, 1), (4, 1)]);
        let unsorted = sort(&objects, &ids).unwrap_err();
        assert_eq!(unsorted, [DumpId(1), DumpId(2), DumpId(3)]);
        objects.remove_dependency(DumpId(2), DumpId(1));
        let mut retry = Retry::new(5);
        let rest = retry.still_unsorted(&objects, &unsorted);
        assert_eq!(
            rest,
            Some(vec![DumpId(1), DumpId(2), DumpId(3)]),
            "2 is needed by the loop"
        );
        assert_eq!(rest, sort(&objects, &ids).err());
        objects.remove_dependency(DumpId(3), DumpId(1));
        assert_eq!(retry.still_unsorted(&objects, &unsorted), Some(Vec::new()));
        assert!(sort(&objects, &ids).is_ok());
        objects.add_dependency(DumpId(3), DumpId(4));
        assert_eq!(
            retry.still_unsorted(&objects, &unsorted),
            None,
            "4 is in a loop now"
        );
    }
}
