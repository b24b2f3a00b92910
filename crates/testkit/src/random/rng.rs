//! Random numbers that are the same for a seed for ever, whatever versions of libraries are built in.

/// SplitMix64: one word of state, and good enough to choose among what a schema may hold.
#[derive(Clone, Debug)]
pub(super) struct Rng {
    state: u64,
}

impl Rng {
    pub(super) fn new(seed: u64) -> Rng {
        Rng { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut word = self.state;
        word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        word ^ (word >> 31)
    }

    /// A number below `bound`, which must not be 0.
    pub(super) fn below(&mut self, bound: usize) -> usize {
        assert!(bound > 0, "there is something to choose from");
        // The product's upper half; `usize` is no wider than 64 bits.
        ((u128::from(self.next()) * bound as u128) >> 64) as usize
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// True in `percent` of 100 cases.
    pub(super) fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// One of several, which must not be empty.
    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    /// One to `most` of several, in any order; none of none.
    pub(super) fn some<T: Clone>(&mut self, from: &[T], most: usize) -> Vec<T> {
        let mut all = from.to_vec();
        self.shuffle(&mut all);
        let most = most.min(all.len());
        if most > 0 {
            all.truncate(self.between(1, most));
        }
        all
    }

    pub(super) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let other = self.below(last + 1);
            list.swap(last, other);
        }
    }

    /// One of several words, or nothing in the other cases; for optional clauses, which then begin with a space.
    pub(super) fn clause(&mut self, percent: usize, of: &[&str]) -> String {
        if self.chance(percent) {
            format!(" {}", self.pick(of))
        } else {
            String::new()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_always_gives_the_same_numbers() {
        let mut rng = Rng::new(42);
        let numbers: Vec<usize> = (0..5).map(|_| rng.below(1000)).collect();
        assert_eq!(numbers, [741, 159, 278, 344, 38]);
    }

    #[test]
    fn bounds_are_kept_and_reached() {
        let mut rng = Rng::new(7);
        let mut seen = [false; 4];
        for _ in 0..200 {
            seen[rng.between(3, 6) - 3] = true;
        }
        assert_eq!(seen, [true; 4]);
        assert_eq!(rng.some(&[] as &[u8], 3), []);
        assert!((0..50).all(|_| (1..=2).contains(&rng.some(&[1, 2, 3], 2).len())));
    }
}
