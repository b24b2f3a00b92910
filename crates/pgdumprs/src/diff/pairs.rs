//! What belongs to what on both sides.

use std::collections::HashMap;
use std::hash::Hash;

/// Positions on the left and on the right, of which one at least is there.
pub(super) type Pair = (Option<usize>, Option<usize>);

/// Pairs what has the same key; among several of one key, first of all what is alike. They come in the left side's order, and what is on the right
/// alone behind what it follows there.
pub(super) fn pairs<T, K: Hash + Eq>(
    left: &[T],
    right: &[T],
    key: impl Fn(&T) -> K,
    are_alike: impl Fn(&T, &T) -> bool,
) -> Vec<Pair> {
    let mut open: HashMap<K, Vec<usize>> = HashMap::new();
    for (at, item) in right.iter().enumerate() {
        open.entry(key(item)).or_default().push(at);
    }
    let mut of_left: Vec<Option<usize>> = vec![None; left.len()];
    for only_alike in [true, false] {
        for (at, item) in left.iter().enumerate() {
            if of_left[at].is_some() {
                continue;
            }
            let Some(open) = open.get_mut(&key(item)) else {
                continue;
            };
            let mut candidates = open.iter();
            let found = candidates.position(|&other| !only_alike || are_alike(item, &right[other]));
            of_left[at] = found.map(|found| open.remove(found));
        }
    }
    let mut of_right: Vec<Option<usize>> = vec![None; right.len()];
    for (at, other) in of_left.iter().enumerate() {
        if let Some(other) = other {
            of_right[*other] = Some(at);
        }
    }
    // Where on the left something that is on the right alone goes behind; 0 is before everything.
    let mut behind = 0;
    let mut ordered: Vec<(usize, Pair)> = of_left
        .iter()
        .enumerate()
        .map(|(at, &other)| (at + 1, (Some(at), other)))
        .collect();
    for (at, other) in of_right.iter().enumerate() {
        match other {
            Some(other) => behind = other + 1,
            None => ordered.push((behind, (None, Some(at)))),
        }
    }
    ordered.sort_by_key(|(place, _)| *place);
    ordered.into_iter().map(|(_, pair)| pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equals_meet_and_strangers_keep_their_places() {
        let found = |left: &[&str], right: &[&str]| {
            let key = |text: &&str| text.chars().next();
            pairs(left, right, key, |one, other| one == other)
        };
        assert_eq!(
            found(&["a", "b", "c"], &["x", "c", "y", "a", "z"]),
            [
                (None, Some(0)),
                (Some(0), Some(3)),
                (None, Some(4)),
                (Some(1), None),
                (Some(2), Some(1)),
                (None, Some(2)),
            ]
        );
        // Two of one key: each with what is like it.
        assert_eq!(
            found(&["a1", "a2", "a3"], &["a2", "a4", "a1"]),
            [(Some(0), Some(2)), (Some(1), Some(0)), (Some(2), Some(1))]
        );
    }
}
