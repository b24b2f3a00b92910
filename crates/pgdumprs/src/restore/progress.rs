//! How far a restore has come.

use std::collections::{HashMap, HashSet};

use pgdumprs_archive::{Compression, Entry, Section};
use pgdumprs_script::Script;

/// What an entry weighs beside its data, in bytes of data.
const ENTRY: u64 = 4096;

/// What part of its table's weight an index or a constraint has.
const OF_TABLE: u64 = 4;

/// How many times as large as in the archive data is taken to be that is compressed there, until all of an entry's data has come.
const COMPRESSED: u64 = 4;

/// How far a restore has come.
///
/// How long an entry will take is not known: what its data takes in the archive is, and indexes are taken to cost a part of what their tables
/// do. The fraction that comes of it never goes back, and ends at 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct RestoreProgress {
    /// Entries that have been restored, or were tried to be.
    pub entries: usize,
    /// Entries that are restored.
    pub entries_planned: usize,
    /// Tables whose rows have been loaded, or were tried to be.
    pub tables: usize,
    /// Tables whose rows are loaded.
    pub tables_planned: usize,
    /// Bytes of rows, statements in their place and large objects that were sent.
    pub bytes: u64,
    /// How much of `weight_planned` is done.
    weight: u64,
    weight_planned: u64,
}

impl RestoreProgress {
    /// How much is done, from 0 to 1.
    pub fn fraction(&self) -> f64 {
        match self.weight_planned {
            0 => 1.0,
            planned => self.weight as f64 / planned as f64,
        }
    }
}

/// Follows a restore.
#[derive(Debug)]
pub(super) struct Follower {
    progress: RestoreProgress,
    /// What each entry weighs, by its position.
    weights: HashMap<usize, u64>,
    /// Positions of the entries that hold rows of tables.
    tables: HashSet<usize>,
    /// Entries under way, and those that are done.
    under_way: HashSet<usize>,
    done: HashSet<usize>,
    /// What those weigh that are under way, and those that are done. Sums, since a window of definitions is under way at once.
    weight_under_way: u64,
    weight_done: u64,
    /// Bytes that are sent for each byte of data in the archive.
    ratio: u64,
}

impl Follower {
    /// Begins to follow a script. `sizes` are those of data in the archive, by dump ids, as far as they are known.
    pub(super) fn new(
        script: &Script,
        compression: Compression,
        sizes: &HashMap<i32, u64>,
    ) -> Self {
        let entries = script.entries();
        let steps: HashSet<usize> = script.steps().iter().map(|step| step.entry).collect();
        let weights = weights(entries, &steps, sizes);
        let tables: HashSet<_> = steps
            .iter()
            .copied()
            .filter(|&entry| entries[entry].descriptor == "TABLE DATA")
            .collect();
        Follower {
            progress: RestoreProgress {
                entries_planned: steps.len(),
                tables_planned: tables.len(),
                weight_planned: weights.values().sum(),
                ..RestoreProgress::default()
            },
            weights,
            tables,
            under_way: HashSet::new(),
            done: HashSet::new(),
            weight_under_way: 0,
            weight_done: 0,
            ratio: match compression {
                Compression::None => 1,
                _ => COMPRESSED,
            },
        }
    }

    /// How far the restore has come.
    pub(super) fn progress(&self) -> RestoreProgress {
        self.progress
    }

    pub(super) fn begun(&mut self, entry: usize) {
        if self.under_way.insert(entry) {
            self.weight_under_way += self.weight(entry);
        }
    }

    /// An entry has ended, for the first time or again: it may be dropped first.
    pub(super) fn ended(&mut self, entry: usize) {
        if self.under_way.remove(&entry) {
            self.weight_under_way -= self.weight(entry);
        }
        if self.done.insert(entry) {
            self.weight_done += self.weight(entry);
            self.progress.entries += 1;
            self.progress.tables += usize::from(self.tables.contains(&entry));
        }
        self.estimate();
    }

    /// So many bytes were sent, all in all.
    pub(super) fn sent(&mut self, bytes: u64) {
        self.progress.bytes = bytes;
        self.estimate();
    }

    fn weight(&self, entry: usize) -> u64 {
        self.weights.get(&entry).copied().unwrap_or(0)
    }

    /// What is under way has been done in part: not more than it weighs.
    fn estimate(&mut self) {
        let under_way = self.weight_under_way;
        let sent = self.progress.bytes / self.ratio;
        let most = self.weight_done + under_way - under_way / 100;
        let weight = sent.clamp(self.weight_done, most);
        self.progress.weight = self.progress.weight.max(weight);
    }
}

fn weights(
    entries: &[Entry],
    steps: &HashSet<usize>,
    sizes: &HashMap<i32, u64>,
) -> HashMap<usize, u64> {
    let size = |entry: &Entry| sizes.get(&entry.dump_id).copied().unwrap_or(0);
    let data = entries
        .iter()
        .filter(|entry| entry.descriptor == "TABLE DATA");
    let of_tables: HashMap<i32, u64> = data
        .filter_map(|entry| Some((*entry.dependencies.first()?, size(entry))))
        .collect();
    let of_entry = |&position: &usize| {
        let entry = &entries[position];
        let tables = entry.dependencies.iter();
        let weight = match entry.section {
            Section::PostData => {
                let largest = tables.filter_map(|table| of_tables.get(table)).max();
                largest.map_or(0, |largest| largest / OF_TABLE)
            }
            _ => size(entry),
        };
        (position, ENTRY + weight)
    };
    steps.iter().map(of_entry).collect()
}
