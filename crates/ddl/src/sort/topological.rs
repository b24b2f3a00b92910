//! Sorting by dependencies, with as little rearrangement as they allow.

use std::collections::BinaryHeap;

use crate::object::{DumpId, Objects};

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::Kind;
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
}
