//! How large the parts of an upload are.
//!
//! A store takes 10,000 parts of an object, and how large the object becomes is known at its end alone. Each part waits in memory until it is
//! sent, so they begin small; they become larger where the object does. Some stores take parts of one size alone: up to 31 GiB they are.

/// The bytes of a part, but for the last.
pub(crate) const SMALLEST: usize = 8 << 20;

/// How many parts a store takes.
pub(crate) const MOST: usize = 10_000;

/// Up to which part they have which size, in bytes. Stores take up to 5 GiB in a part.
const SIZES: [(usize, usize); 6] = [
    (4_000, SMALLEST),
    (6_000, 32 << 20),
    (8_000, 128 << 20),
    (9_000, 512 << 20),
    (9_500, 2_048 << 20),
    (MOST, 4_096 << 20),
];

/// The bytes of the part with this number, from 0 on; nothing where a store takes none of that number.
pub(crate) fn size(number: usize) -> Option<usize> {
    let mut sizes = SIZES.iter();
    sizes.find(|&&(end, _)| number < end).map(|&(_, size)| size)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_parts_hold_more_than_three_tebibytes() {
        let all: u64 = (0..MOST).filter_map(size).map(|size| size as u64).sum();
        assert!(all > 3 << 40, "{all}");
        assert_eq!(size(MOST), None);
        assert_eq!(size(0), Some(SMALLEST));
    }

    #[test]
    fn a_part_is_small_beside_what_stands_before_it() {
        let mut before = 0;
        for number in 0..MOST {
            let size = size(number).unwrap() as u64;
            assert!(number < 4_000 || size * 100 < before, "{number}");
            before += size;
        }
    }
}
