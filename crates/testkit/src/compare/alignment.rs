//! Finds which entry of ours stands for which of stock's.

use std::collections::{HashMap, HashSet, VecDeque};

use bstr::BString;
use pgdumprs_archive::{CatalogId, Entry};

use super::archive::Archive;
use super::version_gap::VersionGap;

/// Entries matched by what they are, as positions in the two tables of contents.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Alignment {
    /// Stock's position and ours, in stock's order.
    pub(super) pairs: Vec<(usize, usize)>,
    /// Positions in stock's that ours lacks.
    pub(super) missing: Vec<usize>,
    /// Positions in ours that stock's lacks.
    pub(super) extra: Vec<usize>,
}

/// What two entries must share. The catalog id is the best sign, but a wrong one shall show as a
/// wrong field and not as one entry missing and another too many, so there is a second round
/// without it.
type Key<'a> = (
    &'a BString,
    &'a Option<BString>,
    &'a Option<BString>,
    Option<CatalogId>,
);

fn key(entry: &Entry, with_catalog_id: bool) -> Key<'_> {
    (
        &entry.descriptor,
        &entry.namespace,
        &entry.tag,
        with_catalog_id.then_some(entry.catalog_id),
    )
}

impl Alignment {
    pub(super) fn of(stock: &Archive, ours: &Archive, gap: VersionGap) -> Alignment {
        let positions = |archive: &Archive| -> Vec<usize> {
            (0..archive.entries().len())
                .filter(|&position| gap.compares(&archive.entries()[position]))
                .collect()
        };
        Alignment::of_entries(
            stock.entries(),
            positions(stock),
            ours.entries(),
            positions(ours),
        )
    }

    fn of_entries(
        stock: &[Entry],
        mut missing: Vec<usize>,
        ours: &[Entry],
        mut extra: Vec<usize>,
    ) -> Alignment {
        let mut pairs = Vec::new();
        for with_catalog_id in [true, false] {
            let mut waiting: HashMap<Key<'_>, VecDeque<usize>> = HashMap::new();
            for &position in &extra {
                waiting
                    .entry(key(&ours[position], with_catalog_id))
                    .or_default()
                    .push_back(position);
            }
            let mut taken = HashSet::new();
            missing.retain(|&position| {
                let found = waiting
                    .get_mut(&key(&stock[position], with_catalog_id))
                    .and_then(VecDeque::pop_front);
                if let Some(found) = found {
                    pairs.push((position, found));
                    taken.insert(found);
                }
                found.is_none()
            });
            extra.retain(|position| !taken.contains(position));
        }
        pairs.sort_unstable();
        Alignment {
            pairs,
            missing,
            extra,
        }
    }

    /// The pairs that stand out of order: the fewest whose removal leaves the rest in order.
    pub(super) fn moved(&self) -> Vec<(usize, usize)> {
        let ours: Vec<_> = self.pairs.iter().map(|pair| pair.1).collect();
        let in_order = longest_increasing(&ours);
        let mut in_order = in_order.into_iter().peekable();
        let mut moved = Vec::new();
        for (index, &pair) in self.pairs.iter().enumerate() {
            if in_order.next_if_eq(&index).is_none() {
                moved.push(pair);
            }
        }
        moved
    }
}

/// The indexes of a longest increasing subsequence of distinct numbers.
fn longest_increasing(numbers: &[usize]) -> Vec<usize> {
    // For each length, the index where the best subsequence of that length ends.
    let mut ends: Vec<usize> = Vec::new();
    let mut previous: Vec<Option<usize>> = vec![None; numbers.len()];
    for (index, number) in numbers.iter().enumerate() {
        let length = ends.partition_point(|&end| numbers[end] < *number);
        previous[index] = length.checked_sub(1).map(|shorter| ends[shorter]);
        if length == ends.len() {
            ends.push(index);
        } else {
            ends[length] = index;
        }
    }
    let mut subsequence: Vec<usize> =
        std::iter::successors(ends.last().copied(), |&index| previous[index]).collect();
    subsequence.reverse();
    subsequence
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(tag: &str, oid: u32) -> Entry {
        Entry {
            tag: Some(tag.into()),
            descriptor: "TABLE".into(),
            catalog_id: CatalogId {
                tableoid: 1259,
                oid,
            },
            ..Entry::default()
        }
    }

    fn align(stock: &[Entry], ours: &[Entry]) -> Alignment {
        let all = |entries: &[Entry]| (0..entries.len()).collect();
        Alignment::of_entries(stock, all(stock), ours, all(ours))
    }

    #[test]
    fn entries_of_one_name_are_told_apart_by_their_catalog_id() {
        let found = align(
            &[entry("+", 1), entry("+", 2), entry("a", 3)],
            &[entry("+", 2), entry("+", 1), entry("b", 3)],
        );
        assert_eq!(found.pairs, [(0, 1), (1, 0)]);
        assert_eq!((found.missing, found.extra), (vec![2], vec![2]));
    }

    #[test]
    fn a_wrong_catalog_id_does_not_hide_the_match() {
        let found = align(&[entry("a", 1)], &[entry("a", 9)]);
        assert_eq!(found.pairs, [(0, 0)]);
    }

    #[test]
    fn only_what_moved_is_out_of_order() {
        let stock: Vec<_> = (1..6).map(|oid| entry("t", oid)).collect();
        let mut ours = stock.clone();
        let first = ours.remove(0);
        ours.insert(3, first);
        assert_eq!(align(&stock, &ours).moved(), [(0, 3)]);
        assert_eq!(align(&stock, &stock).moved(), []);
    }
}
