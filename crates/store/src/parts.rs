//! How large the parts of an upload are.
//!
//! A store takes 10,000 parts of an object, and how large the object becomes is known at its end alone. Each part waits in memory until it is
//! sent, so they begin as small as what is expected allows; they become larger where the object turns out larger. Some stores take parts of one
//! size alone: as long as the object is no larger than expected, they are.

/// The bytes of a part, but for the last, where little is expected.
pub(crate) const SMALLEST: usize = 8 << 20;

/// The bytes of a part at most: as many as all stores take.
const LARGEST: usize = 4_000 << 20;

/// How many parts a store takes.
pub(crate) const MOST: usize = 10_000;

/// How many parts what is expected goes into.
const EXPECTED: usize = 8_000;

/// Up to which part they have how many times the size of the first.
const GROWTH: [(usize, usize); 4] = [(EXPECTED, 1), (9_000, 8), (9_500, 64), (MOST, 512)];

/// The sizes of an upload's parts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Sizes {
    first: usize,
}

impl Sizes {
    /// Those of an object that is expected to have so many bytes.
    pub(crate) fn of(expected: u64) -> Self {
        let first = expected.div_ceil(EXPECTED as u64);
        // Whole mebibytes: stores reckon so.
        let first = usize::try_from(first.next_multiple_of(1 << 20)).unwrap_or(LARGEST);
        Sizes {
            first: first.clamp(SMALLEST, LARGEST),
        }
    }

    /// The bytes of the part with this number, from 0 on; nothing where a store takes none of that number.
    pub(crate) fn of_part(self, number: usize) -> Option<usize> {
        let growth = GROWTH.iter().find(|&&(end, _)| number < end)?.1;
        Some(self.first.saturating_mul(growth).min(LARGEST))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_hold_more_than_two_tebibytes_whatever_was_expected() {
        for expected in [0, 1, 50 << 30, 1 << 40, u64::MAX >> 1] {
            let sizes = Sizes::of(expected);
            let all: u64 = (0..MOST)
                .filter_map(|number| sizes.of_part(number))
                .map(|size| size as u64)
                .sum();
            assert!(all > 2 << 40, "{expected}: {all}");
            assert_eq!(sizes.of_part(MOST), None);
        }
    }

    #[test]
    fn what_is_expected_goes_into_parts_of_one_size_which_is_small() {
        assert_eq!(Sizes::of(0).of_part(0), Some(SMALLEST));
        for expected in [100 << 30, 1 << 40, 20 << 40] {
            let sizes = Sizes::of(expected);
            let size = sizes.of_part(0).unwrap() as u64;
            assert!(size * EXPECTED as u64 >= expected && size < expected / 7_000);
            assert_eq!(sizes.of_part(EXPECTED - 1), sizes.of_part(0));
        }
    }
}
