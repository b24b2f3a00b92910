//! What many runs come down to.

use super::contest::Outcome;
use super::measure::Cost;
use super::scenario::{Rival, Scenario};

/// One side of a comparison, as medians.
#[derive(Clone, Copy, Debug)]
pub(super) struct Side {
    pub(super) wall: f64,
    pub(super) fastest: f64,
    pub(super) slowest: f64,
    pub(super) client_cpu: f64,
    pub(super) server_cpu: f64,
    pub(super) peak_mib: f64,
    pub(super) size_mb: f64,
}

/// A comparison, as medians of both sides.
pub(super) struct Summary {
    pub(super) scenario: &'static Scenario,
    pub(super) pairs: usize,
    pub(super) ours: Side,
    pub(super) theirs: Side,
}

impl Summary {
    pub(super) fn of(outcome: &Outcome) -> Summary {
        Summary {
            scenario: outcome.scenario,
            pairs: outcome.ours.len(),
            ours: Side::of(&outcome.ours),
            theirs: Side::of(&outcome.theirs),
        }
    }

    /// How many times as fast ours is.
    pub(super) fn speed(&self) -> f64 {
        self.theirs.wall / self.ours.wall
    }

    /// How many times as large ours is; nothing where there is nothing to compare.
    pub(super) fn size(&self) -> Option<f64> {
        matches!(self.scenario.rival, Rival::PgDump(_))
            .then(|| self.ours.size_mb / self.theirs.size_mb)
    }

    /// Whether all that is wanted is reached; nothing where nothing is.
    pub(super) fn reached(&self) -> Option<bool> {
        let wanted = self.scenario.wanted;
        let speed = self.speed() >= wanted.speed?;
        let size = match (wanted.size, self.size()) {
            (Some(wanted), Some(size)) => size <= wanted,
            _ => true,
        };
        Some(speed && size)
    }

    /// How fast ours is, as words: "2.7×", or for the floor how many times as long it takes.
    pub(super) fn ratio(&self) -> String {
        match self.scenario.rival {
            Rival::Floor => format!("{:.2}× as long", 1.0 / self.speed()),
            _ => format!("{:.2}× as fast", self.speed()),
        }
    }

    /// What is wanted, as words.
    pub(super) fn wanted(&self) -> String {
        let wanted = self.scenario.wanted;
        let Some(speed) = wanted.speed else {
            return String::new();
        };
        let mut text = match self.scenario.rival {
            Rival::Floor => format!("≤ {:.1}×", 1.0 / speed),
            _ => format!("≥ {speed}×"),
        };
        if let Some(size) = wanted.size {
            text.push_str(&format!(", size ≤ {size}×"));
        }
        text
    }

    /// Whether it is reached, as a word.
    pub(super) fn verdict(&self) -> &'static str {
        match self.reached() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        }
    }
}

impl Side {
    pub(super) fn of(costs: &[Cost]) -> Side {
        let all = |value: fn(&Cost) -> f64| costs.iter().map(value).collect::<Vec<_>>();
        let walls = all(|cost| cost.wall);
        Side {
            wall: median(&walls),
            fastest: walls.iter().copied().fold(f64::INFINITY, f64::min),
            slowest: walls.iter().copied().fold(0.0, f64::max),
            client_cpu: median(&all(|cost| cost.client_cpu)),
            server_cpu: median(&all(|cost| cost.server_cpu)),
            peak_mib: median(&all(|cost| cost.peak_kib as f64 / 1024.0)),
            size_mb: median(&all(|cost| cost.size as f64 / 1e6)),
        }
    }
}

/// The middle value, or the mean of the two in the middle.
pub(super) fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    match (values.len(), values.len() / 2) {
        (0, _) => f64::NAN,
        (length, middle) if length % 2 == 1 => values[middle],
        (_, middle) => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::median;

    #[test]
    fn medians() {
        assert_eq!(median(&[3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median(&[]).is_nan());
    }
}
