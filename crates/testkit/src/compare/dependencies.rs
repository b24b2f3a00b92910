//! F3: what each entry depends on, with dump ids replaced by what they stand for. What ours names beyond stock's comes last.

use std::collections::HashMap;

use pgdumprs_archive::Entry;

use super::alignment::Alignment;
use super::archive::{Archive, describe};
use super::descendants::Descendants;
use super::report::{Comparison, Rule};
use super::version_gap::VersionGap;

/// What a dependency points to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Target {
    /// An entry that both archives have: its position in stock's.
    Both(usize),
    /// An entry that only this archive has: its position there.
    Only(usize),
    /// An id that is not in the archive's table of contents.
    Absent,
}

/// Compares the dependency lists of all matched entries, order included.
pub(super) fn compare(
    stock: &Archive,
    ours: &Archive,
    alignment: &Alignment,
    gap: VersionGap,
    comparison: &mut Comparison,
) {
    let theirs = Targets::new(
        stock,
        alignment.pairs.iter().map(|&(stock, _)| (stock, stock)),
    );
    let own = Targets::new(
        ours,
        alignment.pairs.iter().map(|&(stock, ours)| (ours, stock)),
    );
    let descendants = Descendants::of(stock.entries());
    for &(stock_position, our_position) in &alignment.pairs {
        let entry = &stock.entries()[stock_position];
        let found = own.of(&ours.entries()[our_position], gap);
        // In the order in which ours has them: stock's says nothing of it.
        let mut beyond: Vec<_> = descendants.lacking(entry).into_iter().collect();
        beyond.sort_by_cached_key(|&table| {
            let target = theirs.target(table);
            found.iter().position(|&other| other == target)
        });
        let beyond = beyond.into_iter().map(|table| theirs.target(table));
        let expected: Vec<_> = theirs.of(entry, gap).into_iter().chain(beyond).collect();
        if expected == found {
            continue;
        }
        let lacking = without(&expected, &found);
        let needless = without(&found, &expected);
        let mut text = format!("{} depends on", describe(entry));
        if lacking.is_empty() && needless.is_empty() {
            text.push_str(&format!(
                " the same in another order\n  - {}\n  + {}",
                theirs.describe_all(&expected),
                own.describe_all(&found)
            ));
        }
        for target in lacking {
            text.push_str(&format!("\n  - {}", theirs.describe(target)));
        }
        for target in needless {
            text.push_str(&format!("\n  + {}", own.describe(target)));
        }
        comparison.difference(Rule::F3, text);
    }
}

/// What is in `list` more often than in `other`.
fn without(list: &[Target], other: &[Target]) -> Vec<Target> {
    let mut rest = other.to_vec();
    let mut more = Vec::new();
    for &target in list {
        match rest.iter().position(|&candidate| candidate == target) {
            Some(index) => {
                rest.swap_remove(index);
            }
            None => more.push(target),
        }
    }
    more
}

/// One archive's dump ids and what they stand for.
struct Targets<'a> {
    entries: &'a [Entry],
    /// Position here for each dump id.
    positions: HashMap<i32, usize>,
    /// Stock's position for each position here that has a partner.
    partners: HashMap<usize, usize>,
    /// Position here for each of stock's positions that has a partner.
    places: HashMap<usize, usize>,
}

impl<'a> Targets<'a> {
    /// `pairs` holds a position here and stock's.
    fn new(archive: &'a Archive, pairs: impl Iterator<Item = (usize, usize)>) -> Targets<'a> {
        let partners: HashMap<usize, usize> = pairs.collect();
        Targets {
            entries: archive.entries(),
            positions: archive
                .entries()
                .iter()
                .enumerate()
                .map(|(position, entry)| (entry.dump_id, position))
                .collect(),
            places: partners
                .iter()
                .map(|(&here, &stock)| (stock, here))
                .collect(),
            partners,
        }
    }

    /// What an entry depends on, but for what the version gap leaves out.
    fn of(&self, entry: &Entry, gap: VersionGap) -> Vec<Target> {
        entry
            .dependencies
            .iter()
            .map(|id| self.positions.get(id))
            .filter(|position| {
                position.is_none_or(|&position| gap.compares(&self.entries[position]))
            })
            .map(|position| match position {
                None => Target::Absent,
                Some(&position) => self.target(position),
            })
            .collect()
    }

    /// The entry at a position here.
    fn target(&self, position: usize) -> Target {
        match self.partners.get(&position) {
            Some(&partner) => Target::Both(partner),
            None => Target::Only(position),
        }
    }

    fn describe(&self, target: Target) -> String {
        match target {
            Target::Both(stock) => describe(&self.entries[self.places[&stock]]),
            Target::Only(here) => describe(&self.entries[here]),
            Target::Absent => "an id that is not in the table of contents".to_owned(),
        }
    }

    fn describe_all(&self, targets: &[Target]) -> String {
        let all: Vec<_> = targets
            .iter()
            .map(|&target| self.describe(target))
            .collect();
        all.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeated_dependencies_are_counted() {
        let (a, b) = (Target::Both(1), Target::Both(2));
        assert_eq!(without(&[a, b, a], &[b, a]), [a]);
        assert_eq!(without(&[a, b], &[b, a]), []);
    }
}
