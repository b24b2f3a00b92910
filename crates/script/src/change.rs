//! A script with some of its entries changed.

use std::collections::HashMap;
use std::sync::Arc;

use pgdumprs_archive::Entry;

use crate::options::Parts;
use crate::script::{Pass, Script, Step};

/// What becomes of an entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// This one is restored in its place, of the same kind and number.
    Instead(Box<Entry>),
    /// It is not restored.
    LeftOut,
}

impl Script {
    /// The same script with some entries changed, by their positions, and with others restored before all else. The positions of those follow
    /// upon the archive's, and they need numbers that the archive does not use. What was decided by the options stays decided.
    #[must_use]
    pub fn with_changes(&self, changes: &HashMap<usize, Change>, first: Vec<Entry>) -> Script {
        let mut entries = self.entries.to_vec();
        let mut positions = HashMap::clone(&self.positions);
        for (&at, change) in changes {
            if let Change::Instead(entry) = change {
                entries[at] = Entry::clone(entry);
            }
        }
        let mut steps = Vec::with_capacity(first.len() + self.steps.len());
        for entry in first {
            positions.insert(entry.dump_id, entries.len());
            steps.push(Step {
                entry: entries.len(),
                pass: Pass::Main,
                parts: Parts::SCHEMA,
            });
            entries.push(entry);
        }
        let stays = |at: usize| changes.get(&at) != Some(&Change::LeftOut);
        steps.extend(self.steps.iter().filter(|step| stays(step.entry)));
        let listed = self.listed.iter().filter(|(at, _)| stays(*at));
        Script {
            listed: listed.copied().collect(),
            steps: steps.into(),
            entries: entries.into(),
            positions: Arc::new(positions),
            ..self.clone()
        }
    }
}
