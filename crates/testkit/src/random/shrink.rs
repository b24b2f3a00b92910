//! Finds the few statements that a difference needs.

use std::time::Instant;

use super::Step;

/// Leaves out statements as long as the rest still `shows` what is looked for, until nothing more can go or `end` is reached.
///
/// `shows` is given a list of statements in their old order, and says whether they do.
pub fn shrink(steps: &[Step], end: Instant, mut shows: impl FnMut(&[Step]) -> bool) -> Vec<Step> {
    let mut kept = steps.to_vec();
    let mut length = kept.len().div_ceil(2);
    while length > 0 {
        let mut at = 0;
        while at < kept.len() {
            if Instant::now() >= end {
                return kept;
            }
            let mut fewer = kept.clone();
            fewer.drain(at..kept.len().min(at + length));
            if shows(&fewer) {
                kept = fewer;
            } else {
                at += length;
            }
        }
        length = if length == 1 { 0 } else { length.div_ceil(2) };
    }
    kept
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn only_what_is_needed_stays_and_in_order() {
        let steps: Vec<Step> = (0..100).map(|n| Step::definition(n.to_string())).collect();
        let needed = [Step::definition("17".into()), Step::definition("63".into())];
        let end = Instant::now() + Duration::from_secs(60);
        let left = shrink(&steps, end, |steps| {
            needed.iter().all(|step| steps.contains(step))
        });
        assert_eq!(left, needed);
    }

    #[test]
    fn no_time_means_no_change() {
        let steps = vec![Step::definition("1".into())];
        assert_eq!(shrink(&steps, Instant::now(), |_| true), steps);
    }
}
